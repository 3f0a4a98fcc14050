//! One line of text under construction in a fixed buffer.
//!
//! The bound is PIPE_BUF: a write(2) of at most that many bytes to a pipe is
//! atomic (pipe(7)), so a line can neither be torn nor mixed with another's.

/// PIPE_BUF on Linux, and so the longest line and the longest record.
pub const capacity = 4096;

pub const Line = struct {
    buffer: [capacity]u8 = undefined,
    length: usize = 0,
    /// Something did not fit. Such a line is incomplete and must not be written.
    overflowed: bool = false,

    pub fn reset(self: *Line) void {
        self.length = 0;
        self.overflowed = false;
    }

    /// Undo everything after `length`, an earlier value of `self.length`.
    pub fn truncate(self: *Line, length: usize) void {
        self.length = length;
        self.overflowed = false;
    }

    pub fn bytes(self: *const Line) []const u8 {
        return self.buffer[0..self.length];
    }

    pub fn room(self: *const Line) usize {
        return capacity - self.length;
    }

    pub fn text(self: *Line, value: []const u8) void {
        if (value.len > self.room()) {
            self.overflowed = true;
            return;
        }
        @memcpy(self.buffer[self.length..][0..value.len], value);
        self.length += value.len;
    }

    /// Text from outside, inside a message: what is not printable ASCII becomes
    /// `?`, and what is longer than a setting would be is cut.
    pub fn foreignText(self: *Line, value: []const u8) void {
        const longest = 80;
        for (value[0..@min(value.len, longest)]) |byte| {
            self.text(&.{if (byte >= ' ' and byte <= '~') byte else '?'});
        }
        if (value.len > longest) self.text("...");
    }

    pub fn number(self: *Line, value: u64) void {
        var digits: [20]u8 = undefined; // 2^64 - 1 has 20
        var start: usize = digits.len;
        var rest = value;
        while (true) {
            start -= 1;
            digits[start] = '0' + @as(u8, @intCast(rest % 10));
            rest /= 10;
            if (rest == 0) break;
        }
        self.text(digits[start..]);
    }

    /// A count of thousandths as a decimal without trailing zeros: 12300 is `12.3`.
    pub fn thousandths(self: *Line, value: u64) void {
        self.number(value / 1000);
        var fraction = value % 1000;
        if (fraction == 0) return;
        self.text(".");
        var place: u64 = 100;
        while (fraction > 0) : (place /= 10) {
            self.number(fraction / place);
            fraction %= place;
        }
    }
};
