//! The monotonic clock. Used only for short waits and for the age of a count:
//! times that are printed come with the record.

const linux = @import("std").os.linux;

/// Milliseconds since some moment in the past.
pub fn milliseconds() u64 {
    var now: linux.timespec = undefined;
    // Not through the vDSO: looking that up costs more code than the call costs time.
    const clock: linux.clockid_t = .MONOTONIC;
    _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&now));
    return @as(u64, @intCast(now.sec)) * 1000 + @as(u64, @intCast(now.nsec)) / 1_000_000;
}
