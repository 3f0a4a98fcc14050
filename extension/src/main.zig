//! The lambda-keepalive extension: prints one line of metrics per invocation.
//!
//! One thread, no heap, no libc. It waits for two things, the Extensions API and
//! the FIFO of records, and takes at most one record in a turn, so that no flood
//! of them keeps it from hearing SHUTDOWN. It exits after SHUTDOWN and not before:
//! an extension that dies fails the invocations of its function.

const std = @import("std");
const root = @import("root"); // `faults`, if there: how a test breaks this process from inside
const linux = std.os.linux;
const extensions_api = @import("api.zig");
const records_fifo = @import("fifo.zig");
const clock = @import("clock.zig");
const emf = @import("emf.zig");
const metrics = @import("metrics.zig");
const records = @import("record.zig");
const settings = @import("settings.zig");
const text = @import("text.zig");
const stdout = @import("output.zig");
const Address = @import("address.zig").Address;
const Line = @import("line.zig").Line;
const Checkpoints = @import("checkpoints.zig").Checkpoints;
const Sockets = @import("sockets.zig").Sockets;

/// Milliseconds for the last lines, should the output be slow. Lambda allows
/// 2000 for the whole shutdown, of which the runtime may take the first 600.
const farewell = 500;

// The state of the process. It lies in .bss, where an untouched page costs nothing.
var output: stdout.Output = .{};
var api_buffers: extensions_api.Buffers = .{};
pub var api: extensions_api.Api = .{ .output = &output, .buffers = &api_buffers };
var fifo_buffer: [records_fifo.buffer_size]u8 = undefined;
pub var fifo: records_fifo.Fifo = .{ .buffer = &fifo_buffer };
var checkpoints: Checkpoints = .{};
/// Null once the runtime is gone: what sockets remain are not the function's.
var sockets: ?Sockets = null;
/// How to print an invocation; null if nothing is to be printed.
var format: ?emf.Format = null;
/// Records that were given up.
var dropped: u64 = 0;
/// The last turn took a record: there may be another in the buffer.
var more = false;
/// The Extensions API is being served, so that its state may be half changed.
var serving_api = false;
var panicked = false;

pub const panic = std.debug.FullPanic(parkAfterPanic);

pub fn main(init: std.process.Init.Minimal) noreturn {
    const environment: settings.Environment = init.environ.block.slice;
    // Nothing comes before this: Lambda starts the runtime only when every
    // extension has registered.
    const given = settings.get(environment, "AWS_LAMBDA_RUNTIME_API");
    const address = Address.parse(given orelse "");
    api.begin(address orelse .default);
    // The rest is done while the answer is on its way.
    if (address == null) {
        const used = Address.default.text;
        output.notice(&.{ "AWS_LAMBDA_RUNTIME_API=", given orelse "", " cannot be used; using ", used });
    }
    prepare(settings.read(environment, &output));
    while (!api.registered) _ = turn();
    serve();
}

fn prepare(chosen: settings.Settings) void {
    // A closed standard output is an error of write(2), not the end of the process.
    _ = linux.sigaction(.PIPE, &.{
        .handler = .{ .handler = linux.SIG.IGN },
        .mask = linux.sigemptyset(),
        .flags = 0,
    }, null);
    format = chosen.format;
    if (format == null) return;
    sockets = .{ .runtime_api = api.address.inProcfs() };
    if (!fifo.open(chosen.directory)) {
        output.notice(&.{ "cannot make a FIFO in ", chosen.directory, "; no metrics will be printed" });
    }
}

fn serve() noreturn {
    while (true) {
        if (turn()) |reason| shutDown(reason);
    }
}

/// Wait until there is something to do and do one piece of each kind. Returns the
/// reason once SHUTDOWN has come.
fn turn() ?[]const u8 {
    // While a line waits for room in the output, records wait in the FIFO, where
    // the function's non-blocking write finds out by itself when it is full.
    var ready = [_]linux.pollfd{
        api.interest(),
        .{ .fd = if (output.pending) -1 else fifo.descriptor, .events = linux.POLL.IN, .revents = 0 },
        .{ .fd = if (output.pending) stdout.descriptor else -1, .events = linux.POLL.OUT, .revents = 0 },
    };
    const timeout = if (more and !output.pending) 0 else api.timeout();
    if (linux.errno(linux.poll(&ready, ready.len, timeout)) != .SUCCESS) return null;

    if (ready[0].revents != 0 or api.state == .waiting) {
        serving_api = true;
        defer serving_api = false;
        if (api.step()) |reason| return reason;
    }
    if (output.pending) {
        output.carryOn(0);
    } else if (fifo.descriptor >= 0) {
        more = takeRecord(ready[1].revents != 0);
    }
    return null;
}

/// Take one record if there is one; false if there is none.
fn takeRecord(readable: bool) bool {
    const line = fifo.next(readable) orelse return false;
    if (@hasDecl(root, "faults")) root.faults.inject(line);
    var record: records.Record = undefined;
    if (records.parse(line, &record)) |_| {
        switch (record.kind) {
            .checkpoint => if (!checkpoints.keep(line, &record)) drop("a checkpoint, of too many"),
            .end => {
                checkpoints.close(record.id());
                print(&record, "");
            },
        }
    } else |_| drop("a record that is not valid");
    return true;
}

/// Complete `record` with the states of the sockets and send its line.
fn print(record: *records.Record, shutdown_reason: []const u8) void {
    if (sockets) |*source| if (source.count()) |counts| {
        record.values[metrics.row("SocketsEstablished")] = counts.established;
        record.values[metrics.row("SocketsTimeWait")] = counts.time_wait;
        record.values[metrics.row("SocketsCloseWait")] = counts.close_wait;
    };
    emf.print(&output.line, &format.?, record, shutdown_reason);
    if (output.line.overflowed) drop("a record that is too long to print") else output.send();
}

fn drop(what: []const u8) void {
    dropped += 1;
    if (dropped == 1) output.notice(&.{ "dropped ", what, "; further ones are counted at SHUTDOWN" });
}

/// Print what is left and exit: records still in the FIFO, then the checkpoints of
/// invocations that did not end, with the reason as one word: the documented ones
/// are `spindown`, `timeout` and `failure`, emulators have others.
fn shutDown(reason: []const u8) noreturn {
    const deadline = clock.milliseconds() + farewell;
    sockets = null;
    if (!panicked) {
        while (flushed(deadline) and takeRecord(true)) {}
        var buffer: [32]u8 = undefined;
        const cleaned = text.lowerWord(reason, &buffer);
        const word = if (cleaned.len > 0) cleaned else "unknown";
        while (flushed(deadline)) {
            var record: records.Record = undefined;
            records.parse(checkpoints.take() orelse break, &record) catch continue;
            print(&record, word);
        }
        if (dropped > 1 and flushed(deadline)) {
            var total: Line = .{};
            total.number(dropped);
            output.notice(&.{ "dropped records: ", total.bytes() });
        }
        _ = flushed(deadline);
    }
    linux.exit(0);
}

/// Wait until the output is free; false if it is not by `deadline`.
fn flushed(deadline: u64) bool {
    while (true) {
        const left = deadline -| clock.milliseconds();
        if (left == 0) return false;
        if (!output.pending) return true;
        output.carryOn(@intCast(left));
    }
}

/// Reached by every failed safety check: tell it in one line, give up the records
/// and go on waiting for SHUTDOWN, so that the function does not notice.
fn parkAfterPanic(message: []const u8, _: ?usize) noreturn {
    @branchHint(.cold);
    // A second panic means that waiting itself is broken: only staying is left.
    while (panicked) _ = linux.poll(&.{}, 0, -1);
    panicked = true;
    fifo.close();
    output.pending = false;
    output.notice(&.{ "internal error: ", message, "; no more metrics from this sandbox" });
    if (serving_api) api.start();
    serve();
}
