//! Unsigned numbers in text from outside: digits only, no sign, no blanks, no
//! separators (which `std.fmt.parseInt` would admit).

/// Null if `text` is not a number in `base` or is greater than `largest`.
pub noinline fn parse(text: []const u8, base: u8, largest: u64) ?u64 {
    if (text.len == 0) return null;
    var result: u64 = 0;
    for (text) |byte| {
        const digit: u8 = switch (byte) {
            '0'...'9' => byte - '0',
            'a'...'f' => byte - 'a' + 10,
            'A'...'F' => byte - 'A' + 10,
            else => return null,
        };
        if (digit >= base or result > largest / base) return null;
        result = result * base + digit;
        if (result > largest) return null;
    }
    return result;
}
