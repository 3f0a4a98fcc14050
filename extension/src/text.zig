//! The few operations on short texts that this program needs.
//!
//! Those of `std.mem` are generic and vectorised: each use of one becomes another
//! copy of several hundred bytes. Here a text has some twenty bytes, and the binary
//! is read in every cold start, so these are plain loops that are not inlined.

pub const letters = "abcdefghijklmnopqrstuvwxyz";
pub const digits = "0123456789";
pub const letters_and_digits = letters ++ "ABCDEFGHIJKLMNOPQRSTUVWXYZ" ++ digits;

pub noinline fn equal(one: []const u8, other: []const u8) bool {
    return one.len == other.len and startsWith(one, other);
}

pub noinline fn startsWith(text: []const u8, start: []const u8) bool {
    if (text.len < start.len) return false;
    for (text[0..start.len], start) |byte, expected| {
        if (byte != expected) return false;
    }
    return true;
}

pub noinline fn endsWith(text: []const u8, end: []const u8) bool {
    return text.len >= end.len and equal(text[text.len - end.len ..], end);
}

/// Where `byte` stands first.
pub noinline fn find(text: []const u8, byte: u8) ?usize {
    for (text, 0..) |candidate, place| {
        if (candidate == byte) return place;
    }
    return null;
}

/// What follows the first `mark`.
pub noinline fn after(text: []const u8, mark: []const u8) ?[]const u8 {
    var rest = text;
    while (rest.len >= mark.len) : (rest = rest[1..]) {
        if (startsWith(rest, mark)) return rest[mark.len..];
    }
    return null;
}

/// What precedes the first `mark`.
pub noinline fn before(text: []const u8, mark: []const u8) ?[]const u8 {
    const rest = after(text, mark) orelse return null;
    return text[0 .. text.len - rest.len - mark.len];
}

/// Take the next part off `rest`, up to `separator` or the end; null when the
/// last part has been taken.
pub noinline fn cut(rest: *?[]const u8, separator: u8) ?[]const u8 {
    const text = rest.* orelse return null;
    if (find(text, separator)) |place| {
        rest.* = text[place + 1 ..];
        return text[0..place];
    }
    rest.* = null;
    return text;
}

pub noinline fn trim(text: []const u8) []const u8 {
    var result = text;
    while (result.len > 0 and isBlank(result[0])) result = result[1..];
    while (result.len > 0 and isBlank(result[result.len - 1])) result = result[0 .. result.len - 1];
    return result;
}

fn isBlank(byte: u8) bool {
    return byte == ' ' or byte == '\t' or byte == '\r' or byte == '\n';
}

pub noinline fn consistsOf(text: []const u8, allowed: []const u8, longest: usize) bool {
    for (text) |byte| {
        if (find(allowed, byte) == null) return false;
    }
    return text.len > 0 and text.len <= longest;
}

/// In lower case as far as it is ASCII.
pub fn lower(byte: u8) u8 {
    return if (byte >= 'A' and byte <= 'Z') byte + ('a' - 'A') else byte;
}

/// The letters, digits and dashes of `text` in lower case, as many as `buffer` takes.
pub fn lowerWord(text: []const u8, buffer: []u8) []const u8 {
    var length: usize = 0;
    for (text) |byte| {
        if (length == buffer.len) break;
        if (find(letters_and_digits ++ "-", byte) == null) continue;
        buffer[length] = lower(byte);
        length += 1;
    }
    return buffer[0..length];
}

pub noinline fn equalIgnoringCase(one: []const u8, other: []const u8) bool {
    if (one.len != other.len) return false;
    for (one, other) |byte, expected| {
        if (lower(byte) != lower(expected)) return false;
    }
    return true;
}

/// An unsigned number: digits only, no sign and no separators. Null if it is not
/// one in `base`, or greater than `largest`.
pub noinline fn number(text: []const u8, base: u8, largest: u64) ?u64 {
    if (text.len == 0) return null;
    var result: u64 = 0;
    for (text) |byte| {
        const digit: u8 = switch (lower(byte)) {
            '0'...'9' => byte - '0',
            'a'...'f' => lower(byte) - 'a' + 10,
            else => return null,
        };
        if (digit >= base or result > largest / base) return null;
        result = result * base + digit;
    }
    return if (result <= largest) result else null;
}
