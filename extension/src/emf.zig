//! Turns a record into one line of CloudWatch's embedded metric format.
//!
//! A pure function: every value is an argument, the only output is the line.
//! FunctionName is the only dimension, because each further one multiplies the
//! number of metrics that are billed.

const metrics = @import("metrics.zig");
const records = @import("record.zig");
const text = @import("text.zig");
const Line = @import("line.zig").Line;
const Record = records.Record;

pub const Format = struct {
    /// Both are printed as they are: `settings.zig` admits no character that
    /// JSON would escape.
    function: []const u8,
    namespace: []const u8,
    /// `core` and `all` choose the metrics. `log` prints all of them as plain
    /// JSON without `_aws`: nothing becomes a metric, so nothing is billed.
    /// `datadog` prints a line for each metric of `core`, see `printPoints`.
    set: Set,

    pub const Set = enum { core, all, log, datadog };

    fn prints(self: *const Format, metric: metrics.Metric) bool {
        return metric.core or self.set == .all or self.set == .log;
    }
};

/// Write the line for `record`, newline included. A `shutdown_reason` that is not
/// empty says that the invocation never reached its end. Hosts that do not fit are
/// left out and counted, the least busy first; anything else that does not fit
/// leaves the line overflowed.
pub fn print(line: *Line, format: *const Format, record: *const Record, shutdown_reason: []const u8) void {
    line.reset();
    if (format.set == .datadog) return printPoints(line, format, record);
    line.text("{");
    if (format.set != .log) printDirective(line, format, record);
    line.text("\"FunctionName\":\"");
    line.text(format.function);
    line.text("\"");
    for (metrics.table, &record.values) |metric, value| {
        if (value == null or !format.prints(metric)) continue;
        printKey(line, metric.name);
        printValue(line, metric.unit, value.?);
    }
    printText(line, "requestId", record.id());
    if (record.numbers.get(.cold)) |cold| {
        printKey(line, "coldStart");
        line.text(if (cold == 1) "true" else "false");
    }
    printText(line, "runtime", record.words.get(.runtime));
    printText(line, "initType", record.words.get(.init));
    printText(line, "mode", record.words.get(.mode));
    if (record.numbers.get(.wouldReuse)) |count| {
        printKey(line, "wouldReuse");
        line.number(count);
    }
    if (record.would_save) |saved| {
        printKey(line, "wouldSave");
        line.thousandths(saved);
    }
    printReasons(line, "discarded", record.fields);
    printReasons(line, "notReused", record.fields);
    printText(line, "layerVersion", record.words.get(.version));
    printText(line, "shutdownReason", shutdown_reason);
    printHosts(line, record.fields); // last, so that they can take what room is left
    line.text("}\n");
}

/// Datadog's forwarder takes each line of the form {"m":name,"v":value,"e":epoch
/// seconds,"t":[tags]} for a point of a distribution (datadog-lambda-python,
/// metric.py, write_metric_point_to_stdout). It has no room for anything else.
fn printPoints(line: *Line, format: *const Format, record: *const Record) void {
    for (metrics.table, &record.values) |metric, value| {
        if (value == null or !format.prints(metric)) continue;
        line.text("{\"m\":\"lambda_keepalive.");
        line.text(metric.name);
        line.text("\",\"v\":");
        printValue(line, metric.unit, value.?);
        line.text(",\"e\":");
        line.number(record.numbers.get(.t).? / 1000);
        line.text(",\"t\":[\"functionname:");
        line.text(format.function);
        line.text("\"]}\n");
    }
}

/// Names only the metrics that this line has: the format wants a member beside
/// `_aws` for each name.
fn printDirective(line: *Line, format: *const Format, record: *const Record) void {
    line.text("\"_aws\":{\"Timestamp\":");
    line.number(record.numbers.get(.t).?);
    line.text(",\"CloudWatchMetrics\":[{\"Namespace\":\"");
    line.text(format.namespace);
    line.text("\",\"Dimensions\":[[\"FunctionName\"]],\"Metrics\":[");
    var separator: []const u8 = "";
    for (metrics.table, &record.values) |metric, value| {
        if (value == null or !format.prints(metric)) continue;
        line.text(separator);
        line.text("{\"Name\":\"");
        line.text(metric.name);
        line.text("\",\"Unit\":\"");
        line.text(@tagName(metric.unit));
        line.text("\"}");
        separator = ",";
    }
    line.text("]}]},");
}

fn printValue(line: *Line, unit: metrics.Unit, value: u64) void {
    switch (unit) {
        .Count => line.number(value),
        .Milliseconds => line.thousandths(value),
    }
}

fn printKey(line: *Line, key: []const u8) void {
    line.text(",\"");
    line.text(key);
    line.text("\":");
}

/// A property, unless its value is empty.
fn printText(line: *Line, key: []const u8, value: []const u8) void {
    if (value.len == 0) return;
    printKey(line, key);
    line.text("\"");
    line.text(value);
    line.text("\"");
}

fn printReasons(line: *Line, key: []const u8, source: []const u8) void {
    var any = false;
    var fields: records.Fields = .{ .rest = source };
    while (fields.next() catch null) |field| {
        if (!text.equal(field.key, key)) continue;
        const reason = records.parseReason(field.value) catch continue;
        if (!any) printKey(line, key);
        line.text(if (any) ",\"" else "{\"");
        line.text(reason.name);
        line.text("\":");
        line.number(reason.count);
        any = true;
    }
    if (any) line.text("}");
}

fn printHosts(line: *Line, source: []const u8) void {
    // Kept free behind the last host: `],"hostsOmitted":999}` and the newline.
    const tail = 24;
    var printed: usize = 0;
    var omitted: usize = 0;
    var fields: records.Fields = .{ .rest = source };
    while (fields.next() catch null) |field| {
        if (!text.equal(field.key, "host")) continue;
        const before = line.length;
        if (omitted == 0 and !line.overflowed) {
            line.text(if (printed == 0) ",\"hosts\":[" else ",");
            printHost(line, field.value);
            if (!line.overflowed and line.room() >= tail) {
                printed += 1;
                continue;
            }
            line.truncate(before);
        }
        omitted += 1;
    }
    if (printed > 0) line.text("]");
    if (omitted > 0) {
        printKey(line, "hostsOmitted");
        line.number(omitted);
    }
}

fn printHost(line: *Line, value: []const u8) void {
    const host = records.parseHost(value) catch return;
    line.text("{\"origin\":\"");
    line.text(host.origin);
    line.text("\"");
    for (records.Host.count_names, host.counts) |name, count| {
        printKey(line, name);
        line.number(count);
    }
    printKey(line, "connectMs");
    line.thousandths(host.connect);
    if (host.idle_limit) |seconds| {
        printKey(line, "idleLimit");
        line.thousandths(seconds);
    }
    line.text("}");
}
