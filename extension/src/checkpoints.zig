//! The last checkpoint of each invocation that is still running.
//!
//! Kept so that an invocation which times out or crashes still gets its line:
//! it never writes an `end`, and its process is gone when SHUTDOWN comes.

const std = @import("std");
const longest_record = @import("line.zig").capacity;
const Record = @import("record.zig").Record;

/// Invocations that can be open at once: what two vCPUs of a Managed Instance
/// run for Node.js (64 each), the runtime with the most. A slot that has not been
/// used yet takes no memory.
const slots = 128;

const Slot = struct {
    time: u64,
    id_start: u16,
    id_length: u16,
    length: u16,
    line: [longest_record]u8,

    fn bytes(self: *const Slot) []const u8 {
        return self.line[0..self.length];
    }

    fn id(self: *const Slot) []const u8 {
        return self.line[self.id_start..][0..self.id_length];
    }
};

pub const Checkpoints = struct {
    table: [slots]Slot = undefined,
    /// The open ones are `table[0..open]`, in no order.
    open: usize = 0,

    /// Keep `line`, which was parsed into `record`, as the last checkpoint of its
    /// invocation. False if another invocation's had to be given up for it: the
    /// one that is oldest, as the likeliest to have ended unheard.
    pub fn keep(self: *Checkpoints, line: []const u8, record: Record) bool {
        const free = self.open < slots;
        const slot = self.find(record.id) orelse if (free) new: {
            self.open += 1;
            break :new &self.table[self.open - 1];
        } else self.oldest();
        const replaced = !free and !std.mem.eql(u8, slot.id(), record.id);
        @memcpy(slot.line[0..line.len], line);
        slot.length = @intCast(line.len);
        slot.id_start = @intCast(@intFromPtr(record.id.ptr) - @intFromPtr(line.ptr));
        slot.id_length = @intCast(record.id.len);
        slot.time = record.time;
        return !replaced;
    }

    /// The invocation `id` has ended.
    pub fn close(self: *Checkpoints, id: []const u8) void {
        const slot = self.find(id) orelse return;
        self.open -= 1;
        slot.* = self.table[self.open];
    }

    /// Take any open checkpoint out; null when none is left. Valid until the next `keep`.
    pub fn take(self: *Checkpoints) ?[]const u8 {
        if (self.open == 0) return null;
        self.open -= 1;
        return self.table[self.open].bytes();
    }

    fn find(self: *Checkpoints, id: []const u8) ?*Slot {
        for (self.table[0..self.open]) |*slot| {
            if (std.mem.eql(u8, slot.id(), id)) return slot;
        }
        return null;
    }

    fn oldest(self: *Checkpoints) *Slot {
        var result = &self.table[0];
        for (self.table[1..self.open]) |*slot| {
            if (slot.time < result.time) result = slot;
        }
        return result;
    }
};
