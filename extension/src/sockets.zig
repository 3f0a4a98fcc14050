//! Counts this sandbox's TCP sockets by state, from procfs.
//!
//! A walk over /proc/net/tcp costs some 50 us and about 1 us for each socket, so
//! the two summaries beside it, about 1 us each, are read first: while they stay
//! the same, no socket was opened or closed and the last counts still hold. One
//! change escapes them, a peer that closes its side (ESTABLISHED to CLOSE_WAIT),
//! so counts older than `longest_trust` are taken anew in any case.

const linux = @import("std").os.linux;
const clock = @import("clock.zig");
const text = @import("text.zig");

pub const Counts = struct { established: u64 = 0, time_wait: u64 = 0, close_wait: u64 = 0 };

/// Milliseconds. At a thousand invocations a second one walk in 10 s is noise; at
/// one invocation a minute each gets its own.
const longest_trust = 10_000;

/// Of one table. A page has some 27 lines, so this is about 7,000 sockets, far more
/// than a sandbox's 1024 descriptors.
const most_reads = 256;

/// 150 bytes for IPv4, below 200 for IPv6.
const longest_line = 256;

pub const Sockets = struct {
    /// One end of a connection to the Runtime API, as the tables print it. The
    /// runtime and each extension hold such connections; they are not the function's.
    runtime_api: [13]u8,
    // `mem`, the last number of the line, is of pages in buffers, which come and go.
    summary: Summary = .{ .path = "/proc/net/sockstat", .first = "TCP: ", .last = " mem" },
    summary6: Summary = .{ .path = "/proc/net/sockstat6", .first = "TCP6: inuse ", .last = "\n" },
    last_walk: u64 = 0,
    counts: ?Counts = null,

    /// The counts at this moment, or null if the kernel does not tell.
    pub fn count(self: *Sockets) ?Counts {
        const now = clock.milliseconds();
        const changed = self.summary.changed();
        const changed6 = self.summary6.changed();
        if (changed or changed6 or now -| self.last_walk >= longest_trust) self.counts = null;
        if (self.counts == null) {
            var counts: Counts = .{};
            if (!self.walk("/proc/net/tcp", &counts)) return null;
            const none6 = text.equal(self.summary6.bytes(), "0");
            if (!none6 and !self.walk("/proc/net/tcp6", &counts)) return null;
            self.counts = counts;
            self.last_walk = now;
        }
        return self.counts;
    }

    fn walk(self: *const Sockets, path: [*:0]const u8, counts: *Counts) bool {
        const table = open(path);
        if (table < 0) return false;
        defer _ = linux.close(table);
        // A read returns whole lines, up to a page of them (the kernel's seq_file).
        var buffer: [4096]u8 = undefined;
        for (0..most_reads) |_| {
            const length = linux.read(table, &buffer, buffer.len);
            if (linux.errno(length) != .SUCCESS) return false;
            var lines: ?[]const u8 = buffer[0..length];
            while (text.cut(&lines, '\n')) |line| self.countLine(line, counts);
            // With room left for another line, this was the end. To be told so by a
            // further read would cost as much as the walk itself: it starts anew.
            if (length + longest_line <= buffer.len) break;
        }
        return true;
    }

    /// `   0: 0100007F:1F90 00000000:0000 0A ...`: number, local, remote, state,
    /// the last as in the kernel's include/net/tcp_states.h.
    fn countLine(self: *const Sockets, line: []const u8, counts: *Counts) void {
        var rest: ?[]const u8 = text.trim(line);
        _ = text.cut(&rest, ' ');
        const local = text.cut(&rest, ' ') orelse return;
        const remote = text.cut(&rest, ' ') orelse return;
        const state = text.cut(&rest, ' ') orelse return;
        // The table of IPv6 has an IPv4 address at the end of a mapped one.
        if (text.endsWith(local, &self.runtime_api) or text.endsWith(remote, &self.runtime_api)) return;
        if (text.equal(state, "01")) counts.established += 1;
        if (text.equal(state, "06")) counts.time_wait += 1;
        if (text.equal(state, "08")) counts.close_wait += 1;
    }
};

/// The part of a summary that changes when sockets come or go.
const Summary = struct {
    path: [*:0]const u8,
    /// What stands before and behind that part.
    first: []const u8,
    last: []const u8,
    descriptor: linux.fd_t = -1,
    buffer: [96]u8 = undefined, // four numbers and their names
    length: usize = 0,

    fn bytes(self: *const Summary) []const u8 {
        return self.buffer[0..self.length];
    }

    /// Read it again; true if it is not what it was.
    fn changed(self: *Summary) bool {
        var buffer: [512]u8 = undefined;
        if (self.descriptor < 0) self.descriptor = open(self.path);
        const length = linux.pread(self.descriptor, &buffer, buffer.len, 0);
        if (linux.errno(length) != .SUCCESS) return true;
        const rest = text.after(buffer[0..length], self.first) orelse return true;
        const part = text.before(rest, self.last) orelse return true;
        if (text.equal(part, self.bytes()) or part.len > self.buffer.len) return part.len > self.buffer.len;
        @memcpy(self.buffer[0..part.len], part);
        self.length = part.len;
        return true;
    }
};

fn open(path: [*:0]const u8) linux.fd_t {
    const opened = linux.open(path, .{ .CLOEXEC = true }, 0);
    return if (linux.errno(opened) == .SUCCESS) @intCast(opened) else -1;
}
