//! The metrics, in the order in which a line prints them.

const std = @import("std");

pub const Unit = enum { Count, Milliseconds };

pub const Metric = struct {
    name: []const u8,
    unit: Unit = .Count,
    /// Part of `KEEPALIVE_METRICS=core`. Every metric is billed per function and
    /// month, so the core set is no more than what the dashboard shows.
    core: bool,
    /// Measured by the extension itself; a record cannot set it.
    own: bool = false,
};

pub const table = [_]Metric{
    .{ .name = "RequestsSent", .core = true },
    .{ .name = "ConnectionsOpened", .core = true },
    .{ .name = "ConnectionsReused", .core = true },
    .{ .name = "StaleConnections", .core = true },
    .{ .name = "ConnectTime", .unit = .Milliseconds, .core = true },
    .{ .name = "ConnectTimeSaved", .unit = .Milliseconds, .core = true },
    .{ .name = "ConnectionsIdle", .core = true },
    .{ .name = "SocketsEstablished", .core = true, .own = true },
    .{ .name = "SocketsTimeWait", .core = true, .own = true },
    .{ .name = "ConnectionsDiscarded", .core = false },
    .{ .name = "RequestsReplayed", .core = false },
    .{ .name = "ConnectErrors", .core = false },
    .{ .name = "SocketsCloseWait", .core = false, .own = true },
    .{ .name = "TlsHandshakes", .core = false },
};

/// One value for each row of `table`, null where nothing was measured. Counts
/// are whole numbers, Milliseconds are kept in thousandths.
pub const Values = [table.len]?u64;

/// The row of the metric called `name`.
pub fn row(comptime name: []const u8) usize {
    return comptime for (table, 0..) |metric, index| {
        if (std.mem.eql(u8, metric.name, name)) break index;
    } else @compileError("no metric is called " ++ name);
}
