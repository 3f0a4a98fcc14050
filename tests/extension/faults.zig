//! A root that builds the extension with a weakness: a record that begins with
//! FAULT corrupts its state, so that one of its own safety checks fails.

const std = @import("std");
const extension = @import("extension");

pub const main = extension.main;
pub const panic = extension.panic;
pub const std_options: std.Options = .{ .enable_segfault_handler = false, .signal_stack_size = null };
pub const std_options_debug_threaded_io: ?*std.Io.Threaded = null;

/// Far outside every buffer.
const far = 1 << 20;

pub const faults = struct {
    pub fn inject(line: []const u8) void {
        if (std.mem.eql(u8, line, "FAULT records")) extension.fifo.start = far;
        if (std.mem.eql(u8, line, "FAULT answer")) extension.api.received = far;
        // This one also breaks the request that is made after the first panic.
        if (std.mem.eql(u8, line, "FAULT twice")) {
            extension.api.received = far;
            extension.api.identifier_length = far;
        }
    }
};
