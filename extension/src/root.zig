//! The root of the program: what the compiler and the standard library look for
//! by name.
//!
//! The extension itself is a module beside it, so that the two can be compiled
//! differently: the extension with every safety check, this file and the run-time
//! support that follows its settings (start-up, memcpy) for size. Tests build the
//! extension under another root.

const std = @import("std");
const extension = @import("extension");

pub const main = extension.main;
pub const panic = extension.panic;

// The process has no use for the standard library's signal handling and I/O.
pub const std_options: std.Options = .{ .enable_segfault_handler = false, .signal_stack_size = null };
pub const std_options_debug_threaded_io: ?*std.Io.Threaded = null;
