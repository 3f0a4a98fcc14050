//! Counts this sandbox's TCP sockets by state, from procfs.
//!
//! Walking /proc/net/tcp costs some 75 us and about 1 us for each socket, so
//! the two summaries beside it, 1 us each, are read first: while they stay the
//! same, no socket was opened or closed and the last counts are still right.
//! One change escapes them, a peer closing its side (ESTABLISHED to CLOSE_WAIT),
//! so that counts are taken anew after `longest_trust` in any case.

const std = @import("std");
const linux = std.os.linux;
const clock = @import("clock.zig");

pub const Counts = struct { established: u64 = 0, time_wait: u64 = 0, close_wait: u64 = 0 };

/// Milliseconds. At a thousand invocations a second one walk in 10 s is noise,
/// at one a minute each gets its own.
const longest_trust = 10_000;

/// Reads of one table: each returns at most one page of lines of 150 bytes, so
/// this is some 7,000 sockets, far beyond a sandbox's 1024 descriptors.
const most_reads = 256;

/// Numbers of include/net/tcp_states.h, as the table prints them.
const established = "01";
const time_wait = "06";
const close_wait = "08";

pub const Sockets = struct {
    /// An end of a connection to the Runtime API, as the table prints it. The
    /// runtime and every extension hold such connections; they are not the
    /// function's.
    runtime_api: [13]u8,
    summary: linux.fd_t = -1,
    summary6: linux.fd_t = -1,
    last_summary: [summary_size]u8 = undefined,
    last_length: usize = 0,
    last_walk: u64 = 0,
    counts: ?Counts = null,

    const summary_size = 256;

    /// The counts at this moment, or null if the kernel does not tell.
    pub fn count(self: *Sockets) ?Counts {
        const now = clock.milliseconds();
        var buffer: [summary_size]u8 = undefined;
        const summary = self.readSummaries(&buffer);
        const same = std.mem.eql(u8, summary, self.last_summary[0..self.last_length]);
        if (same and self.counts != null and now -| self.last_walk < longest_trust) return self.counts;

        self.counts = null;
        var counts: Counts = .{};
        if (!self.walk("/proc/net/tcp", &counts)) return null;
        if (hasSockets6(summary) and !self.walk("/proc/net/tcp6", &counts)) return null;
        @memcpy(self.last_summary[0..summary.len], summary);
        self.last_length = summary.len;
        self.last_walk = now;
        self.counts = counts;
        return counts;
    }

    /// The TCP lines of both summaries, without what changes by itself.
    fn readSummaries(self: *Sockets, buffer: *[summary_size]u8) []const u8 {
        if (self.summary < 0) self.summary = open("/proc/net/sockstat");
        if (self.summary6 < 0) self.summary6 = open("/proc/net/sockstat6");
        var text: [1024]u8 = undefined;
        // `mem` is the last number of the line: pages in buffers, which come and go.
        const tcp = between(readAt(self.summary, &text), "TCP: ", " mem");
        const half = buffer.len / 2;
        const length = @min(tcp.len, half);
        @memcpy(buffer[0..length], tcp[0..length]);
        const tcp6 = between(readAt(self.summary6, &text), "TCP6: ", "\n");
        const length6 = @min(tcp6.len, half);
        @memcpy(buffer[length..][0..length6], tcp6[0..length6]);
        return buffer[0 .. length + length6];
    }

    fn walk(self: *Sockets, path: [*:0]const u8, counts: *Counts) bool {
        const table = open(path);
        if (table < 0) return false;
        defer _ = linux.close(table);
        var buffer: [4096]u8 = undefined;
        var partial: usize = 0;
        for (0..most_reads) |_| {
            const length = linux.read(table, buffer[partial..].ptr, buffer.len - partial);
            if (linux.errno(length) != .SUCCESS) return false;
            if (length == 0) break;
            const text = buffer[0 .. partial + length];
            const end = if (std.mem.lastIndexOfScalar(u8, text, '\n')) |newline| newline + 1 else text.len;
            var lines = std.mem.splitScalar(u8, text[0..end], '\n');
            while (lines.next()) |line| self.countLine(line, counts);
            partial = text.len - end;
            @memmove(buffer[0..partial], text[end..]);
        }
        return true;
    }

    /// `   0: 0100007F:1F90 00000000:0000 0A ...`: number, local, remote, state.
    noinline fn countLine(self: *const Sockets, line: []const u8, counts: *Counts) void {
        var words = std.mem.tokenizeScalar(u8, line, ' ');
        _ = words.next() orelse return;
        const local = words.next() orelse return;
        const remote = words.next() orelse return;
        const state = words.next() orelse return;
        // The IPv6 table shows an IPv4 address at the end of a mapped one.
        if (std.mem.endsWith(u8, local, &self.runtime_api)) return;
        if (std.mem.endsWith(u8, remote, &self.runtime_api)) return;
        if (std.mem.eql(u8, state, established)) counts.established += 1;
        if (std.mem.eql(u8, state, time_wait)) counts.time_wait += 1;
        if (std.mem.eql(u8, state, close_wait)) counts.close_wait += 1;
    }
};

fn hasSockets6(summary: []const u8) bool {
    const mark = "TCP6: inuse ";
    const start = std.mem.indexOf(u8, summary, mark) orelse return false;
    return !std.mem.eql(u8, summary[start + mark.len ..], "0");
}

fn open(path: [*:0]const u8) linux.fd_t {
    const opened = linux.open(path, .{ .CLOEXEC = true }, 0);
    return if (linux.errno(opened) == .SUCCESS) @intCast(opened) else -1;
}

fn readAt(descriptor: linux.fd_t, buffer: []u8) []const u8 {
    const length = linux.pread(descriptor, buffer.ptr, buffer.len, 0);
    return if (linux.errno(length) == .SUCCESS) buffer[0..length] else "";
}

/// From `first`, which is included, to `last`, which is not; empty without both.
noinline fn between(text: []const u8, first: []const u8, last: []const u8) []const u8 {
    const start = std.mem.indexOf(u8, text, first) orelse return "";
    const length = std.mem.indexOf(u8, text[start..], last) orelse return "";
    return text[start..][0..length];
}
