//! The metrics, in the order in which a line prints them. The comments above a row say how to
//! read it and what OpenTelemetry calls it, if it does: docs/metrics.md is made of them
//! (`python -m tests.docs.tables`).

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
    // HTTP requests, whoever sent them
    // OpenTelemetry: `http.client.request.duration`, its count
    .{ .name = "RequestsSent", .core = true },
    // each cost `ConnectTime`; in a warm function this should be near 0
    .{ .name = "ConnectionsOpened", .core = true },
    // requests on a connection that carried one before; the reuse rate is this / `RequestsSent`
    .{ .name = "ConnectionsReused", .core = true },
    // the peer closed first; many mean that its idle time is shorter than your pauses
    .{ .name = "StaleConnections", .core = true },
    // name lookup, TCP and TLS together, sum of the invocation
    // OpenTelemetry: no name; `http.client.connection.duration` is a life time
    .{ .name = "ConnectTime", .unit = .Milliseconds, .core = true },
    // an estimate: each reuse counts as one mean connect of that origin in this process
    .{ .name = "ConnectTimeSaved", .unit = .Milliseconds, .core = true },
    // kept when the invocation ended
    // OpenTelemetry: `http.client.open_connections`, state `idle`
    .{ .name = "ConnectionsIdle", .core = true },
    // TCP sockets of the sandbox in that state, except connections to the Runtime API; not in lines printed at SHUTDOWN
    .{ .name = "SocketsEstablished", .core = true, .own = true },
    // connections that this side closed lately; with the layer this falls
    .{ .name = "SocketsTimeWait", .core = true, .own = true },
    // closed by the layer, reasons under `discarded`
    .{ .name = "ConnectionsDiscarded", .core = false },
    // requests sent once more, on a new connection, since the kept one was dead; each counts once in `RequestsSent`
    // OpenTelemetry: `http.request.resend_count`
    .{ .name = "RequestsReplayed", .core = false },
    // connections that could not be opened
    .{ .name = "ConnectErrors", .core = false },
    // the peer closed and nobody noticed: a leak in the function's code, if it grows
    .{ .name = "SocketsCloseWait", .core = false, .own = true },
    // of the connections opened, those with TLS
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
