//! The FIFO through which the function process hands over its records.
//!
//! The function opens it for writing without blocking and gives a record up on
//! any error, so nothing that happens here can hold it up. Both ends are kept
//! open on this side (O_RDWR, fifo(7)): there is then always a reader for the
//! function to find, and never an end of file when the function goes away.

const linux = @import("std").os.linux;
const text = @import("text.zig");
const longest_record = @import("line.zig").capacity;

/// Room for one record of full size from each of 64 workers of a Managed
/// Instance, which may all end while this process is not scheduled. The kernel
/// allots it page by page as it fills.
const pipe_size = 64 * longest_record;

/// A partial record and one full read behind it.
pub const buffer_size = 2 * longest_record;

/// F_SETPIPE_SZ of fcntl(2), Linux 2.6.35.
const set_pipe_size = 1031;

pub const Fifo = struct {
    descriptor: linux.fd_t = -1,
    buffer: *[buffer_size]u8,
    start: usize = 0,
    end: usize = 0,
    /// In the middle of a line that is too long: ignore up to the next newline.
    skipping: bool = false,

    /// Make `directory`/records, or take over the FIFO that is there. Anything
    /// else of that name is removed. False if that cannot be done.
    pub fn open(self: *Fifo, directory: []const u8) bool {
        var buffer: [256]u8 = undefined;
        _ = linux.mkdir(path(&buffer, directory, ""), 0o700);
        const name = path(&buffer, directory, "/records");
        for (0..2) |_| {
            _ = linux.mknod(name, linux.S.IFIFO | 0o600, 0);
            if (openFifo(name)) |descriptor| {
                self.descriptor = descriptor;
                return true;
            }
            _ = linux.unlink(name);
        }
        return false;
    }

    pub fn close(self: *Fifo) void {
        if (self.descriptor < 0) return;
        _ = linux.close(self.descriptor);
        self.descriptor = -1;
    }

    /// The next whole line, without its newline and valid until the next call;
    /// null if there is none yet. A line that is too long is returned as an empty
    /// one, which is no record. Reads the FIFO at most once, and only if `readable`.
    pub fn next(self: *Fifo, readable: bool) ?[]const u8 {
        if (self.buffered()) |line| return line;
        if (!readable or !self.read()) return null;
        return self.buffered();
    }

    fn buffered(self: *Fifo) ?[]const u8 {
        const rest = self.buffer[self.start..self.end];
        if (text.find(rest, '\n')) |length| {
            self.start += length + 1;
            const complete = !self.skipping and length < longest_record;
            self.skipping = false;
            return if (complete) rest[0..length] else "";
        }
        if (rest.len >= longest_record) self.skipping = true;
        if (self.skipping) self.start = self.end;
        return null;
    }

    /// Append what the FIFO holds to the partial line in the buffer, which is
    /// shorter than `longest_record`: at least that much room is left.
    fn read(self: *Fifo) bool {
        const partial = self.end - self.start;
        @memmove(self.buffer[0..partial], self.buffer[self.start..self.end]);
        self.start = 0;
        self.end = partial;
        const room = self.buffer[partial..];
        const count = linux.read(self.descriptor, room.ptr, room.len);
        if (linux.errno(count) != .SUCCESS or count == 0) return false;
        self.end += count;
        return true;
    }
};

fn openFifo(name: [*:0]const u8) ?linux.fd_t {
    const flags: linux.O = .{ .ACCMODE = .RDWR, .NONBLOCK = true, .NOFOLLOW = true, .CLOEXEC = true };
    const opened = linux.open(name, flags, 0);
    if (linux.errno(opened) != .SUCCESS) return null;
    const descriptor: linux.fd_t = @intCast(opened);
    // Only a pipe has a size to set, which also tells whether this is one.
    const resized = linux.fcntl(descriptor, set_pipe_size, pipe_size);
    if (linux.errno(resized) != .BADF) return descriptor;
    _ = linux.close(descriptor);
    return null;
}

/// `directory` is at most `settings.longest_directory` bytes long.
fn path(buffer: *[256]u8, directory: []const u8, name: []const u8) [*:0]const u8 {
    @memcpy(buffer[0..directory.len], directory);
    @memcpy(buffer[directory.len..][0..name.len], name);
    buffer[directory.len + name.len] = 0;
    return @ptrCast(buffer);
}
