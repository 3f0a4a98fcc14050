//! Turns a record into one line of CloudWatch's embedded metric format.
//!
//! A pure function: every value is an argument, the only output is the line.
//! FunctionName is the only dimension, because every further one multiplies
//! the number of metrics that are billed.

const std = @import("std");
const Line = @import("line.zig").Line;
const metrics = @import("metrics.zig");
const records = @import("record.zig");
const Record = records.Record;

pub const Format = struct {
    /// Both are printed as they are: `settings.zig` admits no character that
    /// JSON would escape.
    function: []const u8,
    namespace: []const u8,
    /// `core` and `all` choose the metrics. `log` prints all of them as plain
    /// JSON without `_aws`: nothing becomes a metric, so nothing is billed.
    set: enum { core, all, log },

    fn prints(self: Format, metric: metrics.Metric) bool {
        return metric.core or self.set != .core;
    }
};

/// Write the line for `record`, newline included. `shutdown_reason` is given for
/// an invocation that never reached its end. Hosts that do not fit are left out
/// and counted, the least busy first; anything else that does not fit leaves the
/// line overflowed.
pub noinline fn print(line: *Line, format: Format, record: Record, shutdown_reason: ?[]const u8) void {
    line.reset();
    line.text("{");
    if (format.set != .log) printDirective(line, format, record);
    line.text("\"FunctionName\":\"");
    line.text(format.function);
    line.text("\"");
    for (metrics.table, record.values) |metric, value| {
        if (value == null or !format.prints(metric)) continue;
        printKey(line, metric.name);
        switch (metric.unit) {
            .Count => line.number(value.?),
            .Milliseconds => line.thousandths(value.?),
        }
    }
    printText(line, "requestId", record.id);
    if (record.cold) |cold| {
        printKey(line, "coldStart");
        line.text(if (cold) "true" else "false");
    }
    printText(line, "runtime", record.runtime);
    printText(line, "initType", record.init);
    printReasons(line, "discarded", record.fields);
    printReasons(line, "notReused", record.fields);
    printText(line, "layerVersion", record.version);
    if (shutdown_reason) |reason| printText(line, "shutdownReason", reason);
    printHosts(line, record.fields); // last, so that it can take what room is left
    line.text("}\n");
}

/// Names only the metrics that this line has: a name without a member beside it
/// does not meet the format's schema.
noinline fn printDirective(line: *Line, format: Format, record: Record) void {
    line.text("\"_aws\":{\"Timestamp\":");
    line.number(record.time);
    line.text(",\"CloudWatchMetrics\":[{\"Namespace\":\"");
    line.text(format.namespace);
    line.text("\",\"Dimensions\":[[\"FunctionName\"]],\"Metrics\":[");
    var separator: []const u8 = "";
    for (metrics.table, record.values) |metric, value| {
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

noinline fn printKey(line: *Line, key: []const u8) void {
    line.text(",\"");
    line.text(key);
    line.text("\":");
}

/// A property whose value needs no escaping; nothing if the value is empty.
noinline fn printText(line: *Line, key: []const u8, value: []const u8) void {
    if (value.len == 0) return;
    printKey(line, key);
    line.text("\"");
    line.text(value);
    line.text("\"");
}

noinline fn printReasons(line: *Line, key: []const u8, source: []const u8) void {
    var printed: usize = 0;
    var fields: records.Fields = .over(source);
    while (fields.next() catch return) |field| {
        if (!std.mem.eql(u8, field.key, key)) continue;
        const reason = records.parseReason(field.value) catch continue;
        if (printed == 0) {
            printKey(line, key);
            line.text("{\"");
        } else line.text(",\"");
        line.text(reason.name);
        line.text("\":");
        line.number(reason.count);
        printed += 1;
    }
    if (printed > 0) line.text("}");
}

noinline fn printHosts(line: *Line, source: []const u8) void {
    // What must still fit behind a host: `],"hostsOmitted":999` and `}\n`.
    const tail = 22;
    var printed: usize = 0;
    var omitted: usize = 0;
    var fields: records.Fields = .over(source);
    while (fields.next() catch return) |field| {
        if (!std.mem.eql(u8, field.key, "host")) continue;
        const host = records.parseHost(field.value) catch continue;
        const before = line.length;
        if (omitted == 0 and !line.overflowed) {
            line.text(if (printed == 0) ",\"hosts\":[" else ",");
            printHost(line, host);
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

noinline fn printHost(line: *Line, host: records.Host) void {
    line.text("{\"origin\":\"");
    line.text(host.origin);
    line.text("\",\"requests\":");
    line.number(host.requests);
    line.text(",\"opened\":");
    line.number(host.opened);
    line.text(",\"reused\":");
    line.number(host.reused);
    line.text(",\"stale\":");
    line.number(host.stale);
    line.text(",\"connectMs\":");
    line.thousandths(host.connect_thousandths);
    line.text("}");
}
