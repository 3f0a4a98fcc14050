//! The last checkpoint of each invocation that is still running.
//!
//! Kept so that an invocation which times out or crashes still gets its line:
//! it never writes an `end`, and its process is gone when SHUTDOWN comes.

const text = @import("text.zig");
const longest_record = @import("line.zig").capacity;
const Record = @import("record.zig").Record;

/// Invocations that can be open at once: what two vCPUs of a Managed Instance
/// run for Node.js, the runtime with the most (64 each). A slot that was never
/// used takes no memory.
const slots = 128;

const Slot = struct {
    line: [longest_record]u8,
    length: u16,
    id_start: u16,
    id_length: u16,

    fn id(self: *const Slot) []const u8 {
        return self.line[self.id_start..][0..self.id_length];
    }
};

pub const Checkpoints = struct {
    table: [slots]Slot = undefined,
    /// The open ones are `table[0..open]`, in no order.
    open: usize = 0,
    /// Which slot to give up next when all are open.
    next_victim: usize = 0,

    /// Keep `line`, which was parsed into `record`, as the last checkpoint of its
    /// invocation. False if that of another one had to be given up for it.
    pub fn keep(self: *Checkpoints, line: []const u8, record: *const Record) bool {
        const known = self.find(record.id());
        const full = known == null and self.open == slots;
        var index = known orelse self.open;
        if (full) {
            index = self.next_victim;
            self.next_victim = (index + 1) % slots;
        } else if (known == null) self.open += 1;

        const slot = &self.table[index];
        @memcpy(slot.line[0..line.len], line);
        slot.length = @intCast(line.len);
        slot.id_start = @intCast(@intFromPtr(record.id().ptr) - @intFromPtr(line.ptr));
        slot.id_length = @intCast(record.id().len);
        return !full;
    }

    /// The invocation `id` has ended.
    pub fn close(self: *Checkpoints, id: []const u8) void {
        const index = self.find(id) orelse return;
        self.open -= 1;
        if (index != self.open) self.table[index] = self.table[self.open];
    }

    /// Take an open checkpoint out; null when none is left. Valid until the next `keep`.
    pub fn take(self: *Checkpoints) ?[]const u8 {
        if (self.open == 0) return null;
        self.open -= 1;
        const slot = &self.table[self.open];
        return slot.line[0..slot.length];
    }

    fn find(self: *const Checkpoints, id: []const u8) ?usize {
        for (self.table[0..self.open], 0..) |*slot, index| {
            if (text.equal(slot.id(), id)) return index;
        }
        return null;
    }
};
