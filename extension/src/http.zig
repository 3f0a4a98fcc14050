//! Reads one HTTP/1.1 response from the bytes received so far (RFC 9112).
//!
//! A pure function, called again with more bytes until the response is whole.
//! The peer is the Runtime API, but nothing here trusts it: what is not
//! understood is `malformed`, and the caller drops the connection.

const text = @import("text.zig");

/// Room for a decoded chunked body. A SHUTDOWN event has fewer than 200 bytes.
pub const longest_chunked_body = 1024;

pub const Response = struct { status: u64, headers: []const u8, body: []const u8 };

pub const Progress = error{ Incomplete, Malformed };

/// `ended` says that the peer has closed its side. `decoded` receives the body of
/// a chunked response; any other body points into `bytes`.
pub fn parse(bytes: []const u8, ended: bool, decoded: *[longest_chunked_body]u8) Progress!Response {
    var rest = bytes;
    while (true) {
        const headers = text.before(rest, "\r\n\r\n") orelse return error.Incomplete;
        rest = rest[headers.len + 4 ..];
        const status = try statusCode(headers);
        if (status < 200) continue; // an interim response precedes the real one (RFC 9110, 15.2)
        return .{ .status = status, .headers = headers, .body = try body(headers, rest, ended, decoded) };
    }
}

/// The value of the first header called `name`.
pub fn header(headers: []const u8, name: []const u8) ?[]const u8 {
    var lines: ?[]const u8 = headers;
    _ = text.cut(&lines, '\n'); // the status line
    while (text.cut(&lines, '\n')) |line| {
        var value: ?[]const u8 = line;
        if (text.equalIgnoringCase(text.cut(&value, ':').?, name)) return text.trim(value orelse "");
    }
    return null;
}

/// The value of the string member `key` of a flat JSON object, not unescaped: the
/// values that matter here are words. `key` is given in its quotes.
pub fn member(json: []const u8, key: []const u8) ?[]const u8 {
    const colon = text.trim(text.after(json, key) orelse return null);
    if (!text.startsWith(colon, ":")) return null;
    const value = text.trim(colon[1..]);
    if (!text.startsWith(value, "\"")) return null;
    return text.before(value[1..], "\"");
}

/// "HTTP/1.1 200 OK", where the reason may be missing (RFC 9112, 4).
fn statusCode(headers: []const u8) Progress!u64 {
    if (headers.len < 12 or !text.startsWith(headers, "HTTP/1.") or headers[8] != ' ') return error.Malformed;
    return text.number(headers[9..12], 10, 599) orelse error.Malformed;
}

/// How long a body is: RFC 9112, 6.3.
fn body(headers: []const u8, rest: []const u8, ended: bool, decoded: []u8) Progress![]const u8 {
    if (header(headers, "Transfer-Encoding")) |coding| {
        if (!text.equalIgnoringCase(coding, "chunked")) return error.Malformed;
        return dechunk(rest, decoded);
    }
    if (header(headers, "Content-Length")) |value| {
        const length = text.number(value, 10, 1 << 32) orelse return error.Malformed;
        return if (rest.len < length) error.Incomplete else rest[0..length];
    }
    return if (ended) rest else error.Incomplete;
}

/// RFC 9112, 7.1.
fn dechunk(bytes: []const u8, out: []u8) Progress![]const u8 {
    var rest = bytes;
    var length: usize = 0;
    while (true) {
        const line = text.before(rest, "\r\n") orelse return error.Incomplete;
        rest = rest[line.len + 2 ..];
        const size_text = text.before(line, ";") orelse line; // extensions are ignored
        const size = text.number(text.trim(size_text), 16, out.len) orelse return error.Malformed;
        if (size == 0) break;
        if (size > out.len - length) return error.Malformed;
        if (rest.len < size + 2) return error.Incomplete;
        if (!text.startsWith(rest[size..], "\r\n")) return error.Malformed;
        @memcpy(out[length..][0..size], rest[0..size]);
        length += size;
        rest = rest[size + 2 ..];
    }
    while (true) { // trailers, up to the empty line that ends the body
        const line = text.before(rest, "\r\n") orelse return error.Incomplete;
        if (line.len == 0) return out[0..length];
        rest = rest[line.len + 2 ..];
    }
}
