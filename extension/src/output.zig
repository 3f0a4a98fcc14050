//! Standard output: where CloudWatch takes lines from.
//!
//! The pipe behind it belongs to the platform and may be shared, so it is not
//! made non-blocking. It is written to only when poll(2) calls it writable: a
//! pipe then has a free page, which is as much as a line can be long, and the
//! write neither blocks nor tears the line. A partial write, which only a socket
//! or a terminal makes, is carried on before anything else is written.

const linux = @import("std").os.linux;
const Line = @import("line.zig").Line;

pub const descriptor = 1;

pub const Output = struct {
    line: Line = .{},
    written: usize = 0,
    /// A line in `line` is on its way; it may not be changed.
    pending: bool = false,

    /// Send `line`, now if possible, else by later calls of `carryOn`.
    pub fn send(self: *Output) void {
        self.written = 0;
        self.pending = true;
        self.carryOn(0);
    }

    /// Write what is pending, waiting at most `timeout` milliseconds for room. An
    /// output that is gone loses the line: there is nobody left to tell.
    pub fn carryOn(self: *Output, timeout: i32) void {
        var ready = [_]linux.pollfd{.{ .fd = descriptor, .events = linux.POLL.OUT, .revents = 0 }};
        const polled = linux.poll(&ready, 1, timeout);
        if (linux.errno(polled) != .SUCCESS or polled == 0) return;
        const rest = self.line.bytes()[self.written..];
        const count = linux.write(descriptor, rest.ptr, rest.len);
        switch (linux.errno(count)) {
            .SUCCESS => self.written += count,
            .AGAIN, .INTR => return,
            else => self.written = self.line.length,
        }
        self.pending = self.written < self.line.length;
    }

    /// Print one line for a person, made of `parts`; they are cleaned, for some
    /// come from outside. Not printed while an invocation's line is pending, which
    /// it must not displace.
    pub fn notice(self: *Output, parts: []const []const u8) void {
        if (self.pending) return;
        self.line.reset();
        self.line.text("lambda-keepalive: ");
        for (parts) |part| self.line.foreignText(part);
        self.line.text("\n");
        self.send();
    }
};
