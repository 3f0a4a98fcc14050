//! The record of one invocation, as the function process writes it:
//!
//!     LKA1 <end|checkpoint> <key>=<value> <key>=<value> ...
//!
//! Records come from a process that this one has no power over. A record is
//! taken as a whole or not at all, and whatever of it will be printed is held to
//! characters that JSON need not escape.

const std = @import("std");
const metrics = @import("metrics.zig");
const text = @import("text.zig");

pub const Kind = enum { end, checkpoint };

/// Fields with a value to be printed as it is.
pub const Word = enum { id, runtime, init, version, mode };

/// Fields with a number that is not a metric: `t` is the moment that the record
/// describes, in epoch milliseconds; `cold` is 0 or 1; `wouldReuse` is what mode observe counts.
pub const Number = enum { pid, t, cold, wouldReuse };

pub const Record = struct {
    kind: Kind,
    words: std.EnumArray(Word, []const u8) = .initFill(""),
    numbers: std.EnumArray(Number, ?u64) = .initFill(null),
    values: metrics.Values = @splat(null),
    /// Milliseconds in thousandths, as mode observe sums them up.
    would_save: ?u64 = null,
    /// All fields, valid. Hosts and reasons are read from here when they are
    /// printed, so that their number needs no bound of its own.
    fields: []const u8,

    pub fn id(self: *const Record) []const u8 {
        return self.words.get(.id);
    }
};

const Rule = struct { allowed: []const u8, longest: usize };

/// Sets of characters are beginnings of this text, so that the binary has it only once.
const characters = text.letters_and_digits ++ "-._+:/[]%";
const alphanumeric = text.letters_and_digits.len;

const word_rules: std.EnumArray(Word, Rule) = .init(.{
    .id = .{ .allowed = characters[0 .. alphanumeric + "-".len], .longest = 64 },
    .runtime = .{ .allowed = characters[0 .. alphanumeric + "-._+".len], .longest = 32 },
    .init = .{ .allowed = text.letters ++ "-", .longest = 32 },
    .version = .{ .allowed = characters[0 .. alphanumeric + "-._+".len], .longest = 32 },
    .mode = .{ .allowed = text.letters, .longest = 32 },
});

pub const Field = struct { key: []const u8, value: []const u8 };

/// Walks over `key=value key=value`.
pub const Fields = struct {
    rest: ?[]const u8,

    pub fn next(self: *Fields) Invalid!?Field {
        const part = text.cut(&self.rest, ' ') orelse return null;
        const sign = text.find(part, '=') orelse return error.Invalid;
        return .{ .key = part[0..sign], .value = part[sign + 1 ..] };
    }
};

/// origin,requests,opened,reused,stale,connectMs[,idleLimit]
pub const Host = struct {
    origin: []const u8,
    counts: [count_names.len]u64,
    /// Thousandths, as `milliseconds` gives them, and so is the limit.
    connect: u64,
    idle_limit: ?u64 = null,

    pub const count_names = [_][]const u8{ "requests", "opened", "reused", "stale" };
};

pub const Reason = struct { name: []const u8, count: u64 };

pub const Invalid = error{Invalid};

/// Beyond 2^53 a JSON number loses digits in most readers (RFC 8259, 6).
const largest = 1 << 53;

/// More than the pool has reasons; bounds the search for one that stands twice.
const most_reasons = 32;

/// Read a line without its newline into `record`, which then points into it.
pub fn parse(line: []const u8, record: *Record) Invalid!void {
    if (text.startsWith(line, end)) {
        record.* = .{ .kind = .end, .fields = line[end.len..] };
    } else if (text.startsWith(line, checkpoint)) {
        record.* = .{ .kind = .checkpoint, .fields = line[checkpoint.len..] };
    } else return error.Invalid;
    var fields: Fields = .{ .rest = record.fields };
    while (try fields.next()) |field| try take(record, field);
    if (record.id().len == 0) return error.Invalid;
    if (record.numbers.get(.pid) == null or record.numbers.get(.t) == null) return error.Invalid;
}

const end = "LKA1 end ";
const checkpoint = "LKA1 checkpoint ";

/// Put the value of a field in its place. A key may stand only once, but for
/// hosts and reasons, so that the place must still be empty.
fn take(record: *Record, field: Field) Invalid!void {
    const value = field.value;
    for (std.enums.values(Word)) |key| {
        if (!text.equal(field.key, @tagName(key))) continue;
        const rule = word_rules.get(key);
        const place = record.words.getPtr(key);
        if (place.len > 0 or !text.consistsOf(value, rule.allowed, rule.longest)) return error.Invalid;
        place.* = value;
        return;
    }
    for (std.enums.values(Number)) |key| {
        if (!text.equal(field.key, @tagName(key))) continue;
        return number(record.numbers.getPtr(key), value, if (key == .cold) 1 else largest);
    }
    if (text.equal(field.key, "wouldSave")) return milliseconds(&record.would_save, value);
    if (text.equal(field.key, "host")) {
        _ = try parseHost(value);
        return;
    }
    if (text.equal(field.key, "discarded") or text.equal(field.key, "notReused")) {
        return uniqueReason(record.fields, field);
    }
    for (metrics.table, &record.values) |metric, *place| {
        if (metric.own or !text.equal(metric.name, field.key)) continue;
        return switch (metric.unit) {
            .Count => number(place, value, largest),
            .Milliseconds => milliseconds(place, value),
        };
    }
    // Any other key belongs to a later version of the record.
}

pub fn parseHost(value: []const u8) Invalid!Host {
    var rest: ?[]const u8 = value;
    var host: Host = .{ .origin = text.cut(&rest, ',').?, .counts = undefined, .connect = undefined };
    if (!text.consistsOf(host.origin, characters, 255)) return error.Invalid;
    for (&host.counts) |*count| {
        count.* = text.number(text.cut(&rest, ',') orelse "", 10, largest) orelse return error.Invalid;
    }
    var connect: ?u64 = null;
    try milliseconds(&connect, text.cut(&rest, ',') orelse "");
    host.connect = connect.?;
    if (rest) |seconds| try milliseconds(&host.idle_limit, seconds);
    return host;
}

/// reason:count
pub fn parseReason(value: []const u8) Invalid!Reason {
    var rest: ?[]const u8 = value;
    const name = text.cut(&rest, ':').?;
    if (!text.consistsOf(name, text.letters ++ "-", 32)) return error.Invalid;
    return .{ .name = name, .count = text.number(rest orelse "", 10, largest) orelse return error.Invalid };
}

/// A reason becomes a name in a JSON object, where it should stand only once
/// (RFC 8259, 4).
fn uniqueReason(line: []const u8, field: Field) Invalid!void {
    const reason = try parseReason(field.value);
    var earlier: usize = 0;
    var fields: Fields = .{ .rest = line };
    while (try fields.next()) |other| {
        if (other.value.ptr == field.value.ptr) return;
        if (!text.equal(other.key, field.key)) continue;
        earlier += 1;
        if (earlier == most_reasons) return error.Invalid;
        if (text.equal((try parseReason(other.value)).name, reason.name)) return error.Invalid;
    }
}

fn number(place: *?u64, value: []const u8, greatest: u64) Invalid!void {
    if (place.* != null) return error.Invalid;
    place.* = text.number(value, 10, greatest) orelse return error.Invalid;
}

/// A decimal with up to three fraction digits, kept in thousandths.
fn milliseconds(place: *?u64, value: []const u8) Invalid!void {
    if (place.* != null) return error.Invalid;
    var fraction: ?[]const u8 = value;
    var result = text.number(text.cut(&fraction, '.').?, 10, largest) orelse return error.Invalid;
    result *= 1000;
    if (fraction) |places| {
        const scale = [_]u64{ 1000, 100, 10, 1 };
        if (places.len >= scale.len) return error.Invalid;
        result += scale[places.len] * (text.number(places, 10, 999) orelse return error.Invalid);
    }
    place.* = result;
}
