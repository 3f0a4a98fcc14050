//! The record of one invocation, as the function process writes it:
//!
//!     LKA1 <end|checkpoint> <key>=<value> <key>=<value> ...
//!
//! Records come from a process that this project does not control. A record is
//! taken as a whole or not at all, and everything that will later be printed is
//! held to a character set that needs no escaping in JSON.

const std = @import("std");
const metrics = @import("metrics.zig");
const parseNumber = @import("number.zig").parse;

pub const Kind = enum { end, checkpoint };

pub const Record = struct {
    kind: Kind,
    id: []const u8 = "",
    /// Epoch milliseconds of the moment that the record describes.
    time: u64 = 0,
    cold: ?bool = null,
    runtime: []const u8 = "",
    init: []const u8 = "",
    version: []const u8 = "",
    values: metrics.Values = @splat(null),
    /// All validated fields, for `Fields`: hosts and reasons are read from here
    /// when they are printed, so that none needs a place of its own.
    fields: []const u8,
};

pub const Field = struct { key: []const u8, value: []const u8 };

/// Walks over the `key=value` fields of a line.
pub const Fields = struct {
    words: std.mem.SplitIterator(u8, .scalar),

    pub fn over(line: []const u8) Fields {
        return .{ .words = std.mem.splitScalar(u8, line, ' ') };
    }

    pub noinline fn next(self: *Fields) Invalid!?Field {
        const word = self.words.next() orelse return null;
        const sign = std.mem.indexOfScalar(u8, word, '=') orelse return error.Invalid;
        return .{ .key = word[0..sign], .value = word[sign + 1 ..] };
    }
};

pub const Host = struct {
    origin: []const u8,
    requests: u64,
    opened: u64,
    reused: u64,
    stale: u64,
    connect_thousandths: u64,
};

pub const Reason = struct { name: []const u8, count: u64 };

pub const Invalid = error{Invalid};

/// JSON numbers beyond 2^53 lose digits in most readers (RFC 8259, 6).
const largest = 1 << 53;

/// Distinct reasons of one kind; the pool knows fewer than this.
const most_reasons = 32;

const letters = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const letters_and_digits = letters ++ "ABCDEFGHIJKLMNOPQRSTUVWXYZ" ++ digits;

/// Read a line without its newline. The result points into `line`.
pub noinline fn parse(line: []const u8) Invalid!Record {
    const kinds = [_]struct { prefix: []const u8, kind: Kind }{
        .{ .prefix = "LKA1 end ", .kind = .end },
        .{ .prefix = "LKA1 checkpoint ", .kind = .checkpoint },
    };
    for (kinds) |known| {
        if (std.mem.startsWith(u8, line, known.prefix)) {
            return parseFields(known.kind, line[known.prefix.len..]);
        }
    }
    return error.Invalid;
}

fn parseFields(kind: Kind, line: []const u8) Invalid!Record {
    var record: Record = .{ .kind = kind, .fields = line };
    var process: ?u64 = null;
    var time: ?u64 = null;
    var fields: Fields = .over(line);
    while (try fields.next()) |field| {
        const key = field.key;
        const value = field.value;
        if (std.mem.eql(u8, key, "id")) {
            try text(&record.id, value, letters_and_digits ++ "-", 64);
        } else if (std.mem.eql(u8, key, "pid")) {
            try once(&process, try number(value));
        } else if (std.mem.eql(u8, key, "t")) {
            try once(&time, try number(value));
        } else if (std.mem.eql(u8, key, "cold")) {
            const flag = try number(value);
            if (record.cold != null or flag > 1) return error.Invalid;
            record.cold = flag == 1;
        } else if (std.mem.eql(u8, key, "runtime")) {
            try text(&record.runtime, value, letters_and_digits ++ "._-", 32);
        } else if (std.mem.eql(u8, key, "init")) {
            try text(&record.init, value, letters ++ "-", 32);
        } else if (std.mem.eql(u8, key, "version")) {
            try text(&record.version, value, letters_and_digits ++ ".+-", 32);
        } else if (std.mem.eql(u8, key, "host")) {
            _ = try parseHost(value);
        } else if (std.mem.eql(u8, key, "discarded") or std.mem.eql(u8, key, "notReused")) {
            try uniqueReason(line, field);
        } else {
            try counter(&record.values, field);
        }
    }
    if (record.id.len == 0 or process == null) return error.Invalid;
    record.time = time orelse return error.Invalid;
    return record;
}

/// origin,requests,opened,reused,stale,connectMs
pub noinline fn parseHost(value: []const u8) Invalid!Host {
    var parts = std.mem.splitScalar(u8, value, ',');
    const host: Host = .{
        .origin = try characters(parts.first(), letters_and_digits ++ ".:/_-[]%", 255),
        .requests = try number(parts.next() orelse return error.Invalid),
        .opened = try number(parts.next() orelse return error.Invalid),
        .reused = try number(parts.next() orelse return error.Invalid),
        .stale = try number(parts.next() orelse return error.Invalid),
        .connect_thousandths = try milliseconds(parts.next() orelse return error.Invalid),
    };
    return if (parts.next() == null) host else error.Invalid;
}

/// reason:count
pub noinline fn parseReason(value: []const u8) Invalid!Reason {
    const colon = std.mem.indexOfScalar(u8, value, ':') orelse return error.Invalid;
    return .{
        .name = try characters(value[0..colon], letters ++ "-", 32),
        .count = try number(value[colon + 1 ..]),
    };
}

/// A reason becomes a key of a JSON object, where it may stand only once (RFC 8259, 4).
fn uniqueReason(line: []const u8, field: Field) Invalid!void {
    const reason = try parseReason(field.value);
    var earlier: usize = 0;
    var fields: Fields = .over(line);
    while (try fields.next()) |other| {
        if (other.value.ptr == field.value.ptr) return;
        if (!std.mem.eql(u8, other.key, field.key)) continue;
        earlier += 1;
        if (earlier == most_reasons) return error.Invalid;
        if (std.mem.eql(u8, (try parseReason(other.value)).name, reason.name)) return error.Invalid;
    }
}

fn counter(values: *metrics.Values, field: Field) Invalid!void {
    for (metrics.table, values) |metric, *value| {
        if (metric.own or !std.mem.eql(u8, metric.name, field.key)) continue;
        return once(value, switch (metric.unit) {
            .Count => try number(field.value),
            .Milliseconds => try milliseconds(field.value),
        });
    }
    // A key of a later version of the record: nothing here depends on it.
}

noinline fn once(place: *?u64, value: u64) Invalid!void {
    if (place.* != null) return error.Invalid;
    place.* = value;
}

noinline fn text(place: *[]const u8, value: []const u8, allowed: []const u8, longest: usize) Invalid!void {
    if (place.len != 0) return error.Invalid;
    place.* = try characters(value, allowed, longest);
}

noinline fn characters(value: []const u8, allowed: []const u8, longest: usize) Invalid![]const u8 {
    if (value.len == 0 or value.len > longest) return error.Invalid;
    return if (std.mem.indexOfNone(u8, value, allowed) == null) value else error.Invalid;
}

fn number(value: []const u8) Invalid!u64 {
    return parseNumber(value, 10, largest) orelse error.Invalid;
}

/// Decimal milliseconds with up to three fraction digits, in thousandths.
noinline fn milliseconds(value: []const u8) Invalid!u64 {
    const point = std.mem.indexOfScalar(u8, value, '.') orelse return try number(value) * 1000;
    const fraction = value[point + 1 ..];
    if (fraction.len > 3) return error.Invalid;
    const scale = [_]u64{ 1000, 100, 10, 1 };
    return try number(value[0..point]) * 1000 + try number(fraction) * scale[fraction.len];
}
