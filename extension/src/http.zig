//! Reads one HTTP/1.1 response from the bytes received so far (RFC 9112).
//!
//! A pure function, called again with more bytes until the response is whole.
//! The peer is the Runtime API, but nothing here trusts it: a response that is
//! not understood is `malformed`, and the caller drops the connection.

const std = @import("std");
const parseNumber = @import("number.zig").parse;

/// Room for a decoded chunked body. A SHUTDOWN event has fewer than 200 bytes.
pub const longest_chunked_body = 1024;

pub const Response = struct { status: u16, headers: []const u8, body: []const u8 };

pub const Progress = union(enum) { incomplete, malformed, complete: Response };

const Framing = error{ Incomplete, Malformed };

/// `ended` says that the peer has closed its side. `chunked` receives the body
/// of a chunked response; other bodies point into `bytes`.
pub noinline fn parse(bytes: []const u8, ended: bool, chunked: *[longest_chunked_body]u8) Progress {
    const response = frame(bytes, ended, chunked) catch |failure| return switch (failure) {
        error.Incomplete => if (ended) .malformed else .incomplete,
        error.Malformed => .malformed,
    };
    return .{ .complete = response };
}

fn frame(bytes: []const u8, ended: bool, chunked: *[longest_chunked_body]u8) Framing!Response {
    var rest = bytes;
    while (true) {
        const end = std.mem.indexOf(u8, rest, "\r\n\r\n") orelse return error.Incomplete;
        const head = rest[0 .. end + 2];
        rest = rest[end + 4 ..];
        const status = try statusCode(head);
        // Interim responses precede the real one (RFC 9110, 15.2).
        if (status < 200) continue;
        return .{ .status = status, .headers = head, .body = try body(head, rest, ended, chunked) };
    }
}

noinline fn statusCode(head: []const u8) Framing!u16 {
    // "HTTP/1.1 200 OK"; the reason phrase may be missing (RFC 9112, 4).
    if (head.len < "HTTP/1.x 200".len or !std.mem.startsWith(u8, head, "HTTP/1.")) return error.Malformed;
    if (head[8] != ' ') return error.Malformed;
    const status = parseNumber(head[9..12], 10, 999) orelse return error.Malformed;
    return if (status >= 100) @intCast(status) else error.Malformed;
}

fn body(head: []const u8, rest: []const u8, ended: bool, chunked: *[longest_chunked_body]u8) Framing![]const u8 {
    // Transfer-Encoding overrides Content-Length (RFC 9112, 6.3).
    if (header(head, "Transfer-Encoding")) |coding| {
        if (!std.ascii.eqlIgnoreCase(coding, "chunked")) return error.Malformed;
        return dechunk(rest, chunked);
    }
    if (header(head, "Content-Length")) |text| {
        const length = parseNumber(text, 10, std.math.maxInt(u32)) orelse return error.Malformed;
        return if (rest.len < length) error.Incomplete else rest[0..length];
    }
    return if (ended) rest else error.Incomplete;
}

/// The value of the first header called `name`, without surrounding blanks.
pub noinline fn header(head: []const u8, name: []const u8) ?[]const u8 {
    var lines = std.mem.splitSequence(u8, head, "\r\n");
    _ = lines.next(); // the status line
    while (lines.next()) |line| {
        const colon = std.mem.indexOfScalar(u8, line, ':') orelse continue;
        if (std.ascii.eqlIgnoreCase(line[0..colon], name)) return std.mem.trim(u8, line[colon + 1 ..], " \t");
    }
    return null;
}

noinline fn dechunk(bytes: []const u8, out: *[longest_chunked_body]u8) Framing![]const u8 {
    var rest = bytes;
    var length: usize = 0;
    while (true) {
        const line = try endOfLine(rest);
        // A chunk extension follows a semicolon and is ignored (RFC 9112, 7.1.1).
        const digits = rest[0 .. std.mem.indexOfScalar(u8, rest[0..line], ';') orelse line];
        const size = parseNumber(std.mem.trim(u8, digits, " \t"), 16, out.len) orelse return error.Malformed;
        rest = rest[line + 2 ..];
        if (size == 0) break;
        if (size > out.len - length) return error.Malformed;
        if (rest.len < size + 2) return error.Incomplete;
        if (!std.mem.startsWith(u8, rest[size..], "\r\n")) return error.Malformed;
        @memcpy(out[length..][0..size], rest[0..size]);
        length += size;
        rest = rest[size + 2 ..];
    }
    while (true) { // trailers, to the empty line that ends the body
        const line = try endOfLine(rest);
        if (line == 0) return out[0..length];
        rest = rest[line + 2 ..];
    }
}

noinline fn endOfLine(bytes: []const u8) Framing!usize {
    return std.mem.indexOf(u8, bytes, "\r\n") orelse error.Incomplete;
}

/// The value of the string member `key` in a flat JSON object, or null. It is
/// not unescaped: the values that matter here are words.
pub fn member(json: []const u8, comptime key: []const u8) ?[]const u8 {
    return memberQuoted(json, "\"" ++ key ++ "\"");
}

noinline fn memberQuoted(json: []const u8, key: []const u8) ?[]const u8 {
    const start = std.mem.indexOf(u8, json, key) orelse return null;
    const colon = std.mem.trimStart(u8, json[start + key.len ..], " \t\r\n");
    if (!std.mem.startsWith(u8, colon, ":")) return null;
    const value = std.mem.trimStart(u8, colon[1..], " \t\r\n");
    if (!std.mem.startsWith(u8, value, "\"")) return null;
    const end = std.mem.indexOfScalar(u8, value[1..], '"') orelse return null;
    return value[1..][0..end];
}
