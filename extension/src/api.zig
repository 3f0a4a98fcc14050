//! The Extensions API: register, then wait in event/next for SHUTDOWN.
//!
//! Only SHUTDOWN is asked for. An extension that also takes INVOKE is waited for
//! at the end of every invocation, and Managed Instances refuse it. One request
//! is under way at any time, on one connection, without ever blocking.
//!
//! An extension that exits takes the function with it (Extension.Crash), so
//! whatever goes wrong is tried again, for ever and at growing intervals.

const linux = @import("std").os.linux;
const clock = @import("clock.zig");
const http = @import("http.zig");
const text = @import("text.zig");
const Address = @import("address.zig").Address;
const Line = @import("line.zig").Line;
const Output = @import("output.zig").Output;

/// The name that Lambda knows an extension by is that of its file.
const name = "lambda-keepalive";
const registration = "{\"events\":[\"SHUTDOWN\"]}";

/// Longest wait between two attempts, in milliseconds: a SHUTDOWN leaves 2 s.
const longest_wait = 1000;

pub const Buffers = struct {
    request: Line = .{},
    response: [2048]u8 = undefined, // headers and an event: some 400 bytes
    body: [http.longest_chunked_body]u8 = undefined,
};

pub const Api = struct {
    address: Address = .default,
    output: *Output,
    parent: linux.pid_t = 0,
    socket: linux.fd_t = -1,
    state: enum { waiting, sending, receiving } = .waiting,
    registered: bool = false,
    identifier: [64]u8 = undefined, // a UUID has 36
    identifier_length: usize = 0,
    buffers: *Buffers,
    sent: usize = 0,
    received: usize = 0,
    /// Failures in a row.
    failures: u6 = 0,
    retry_at: u64 = 0,

    pub fn begin(self: *Api, address: Address) void {
        self.address = address;
        self.parent = linux.getppid();
        self.start();
    }

    /// Connect and send what is due: the registration, or a wait for the next event.
    pub fn start(self: *Api) void {
        self.close();
        const kind = linux.SOCK.STREAM | linux.SOCK.CLOEXEC | linux.SOCK.NONBLOCK;
        const created = linux.socket(linux.AF.INET, kind, 0);
        if (linux.errno(created) != .SUCCESS) return self.fail("no socket to be had");
        self.socket = @intCast(created);
        const address = self.address.socketAddress();
        switch (linux.errno(linux.connect(self.socket, &address, @sizeOf(@TypeOf(address))))) {
            .SUCCESS, .INPROGRESS => self.ask(),
            else => self.fail("connection refused"),
        }
    }

    /// What to wait for before the next `step`, as poll(2) takes it.
    pub fn interest(self: *const Api) linux.pollfd {
        return .{
            .fd = self.socket,
            .events = if (self.state == .sending) linux.POLL.OUT else linux.POLL.IN,
            .revents = 0,
        };
    }

    /// Milliseconds after which `step` is due although the socket is not ready,
    /// or -1 for never.
    pub fn timeout(self: *const Api) i32 {
        if (self.state != .waiting) return -1;
        return @intCast(@min(self.retry_at -| clock.milliseconds(), longest_wait));
    }

    /// Go as far as possible without waiting. Returns the reason, as it was
    /// received, once SHUTDOWN has come.
    pub fn step(self: *Api) ?[]const u8 {
        switch (self.state) {
            .waiting => if (self.timeout() == 0) self.start(),
            .sending => self.send(),
            .receiving => return self.receive(),
        }
        return null;
    }

    fn ask(self: *Api) void {
        const request = &self.buffers.request;
        request.reset();
        request.text(if (self.registered) "GET" else "POST");
        request.text(" /2020-01-01/extension/");
        request.text(if (self.registered) "event/next" else "register");
        request.text(" HTTP/1.1\r\nHost: ");
        request.text(self.address.text);
        if (self.registered) {
            request.text("\r\nLambda-Extension-Identifier: ");
            request.text(self.identifier[0..self.identifier_length]);
            request.text("\r\n\r\n");
        } else {
            request.text("\r\nLambda-Extension-Name: " ++ name);
            request.text("\r\nContent-Type: application/json\r\nContent-Length: ");
            request.number(registration.len);
            request.text("\r\n\r\n" ++ registration);
        }
        self.sent = 0;
        self.received = 0;
        self.state = .sending;
        self.send();
    }

    fn send(self: *Api) void {
        const rest = self.buffers.request.bytes()[self.sent..];
        const count = linux.sendto(self.socket, rest.ptr, rest.len, linux.MSG.NOSIGNAL, null, 0);
        switch (linux.errno(count)) {
            .SUCCESS => self.sent += count,
            .AGAIN, .INTR => return,
            // Where the answer to a connect that did not block turns up.
            .CONNREFUSED => return self.fail("connection refused"),
            else => return self.fail("connection lost"),
        }
        if (self.sent == self.buffers.request.length) self.state = .receiving;
    }

    /// Not inlined into its only caller: the compiler then inlines all of the parser
    /// here, which makes the binary 300 bytes smaller.
    noinline fn receive(self: *Api) ?[]const u8 {
        const room = self.buffers.response[self.received..];
        const count = linux.recvfrom(self.socket, room.ptr, room.len, 0, null, null);
        switch (linux.errno(count)) {
            .SUCCESS => self.received += count,
            .AGAIN, .INTR => return null,
            else => {
                self.fail("connection lost");
                return null;
            },
        }
        const bytes = self.buffers.response[0..self.received];
        const response = http.parse(bytes, count == 0, &self.buffers.body) catch |progress| {
            if (progress == error.Malformed) {
                self.fail("answer not understood");
            } else if (count == 0) {
                self.fail("connection closed");
            } else if (bytes.len == self.buffers.response.len) {
                self.fail("answer too long");
            }
            return null;
        };
        return self.accept(response);
    }

    fn accept(self: *Api, response: http.Response) ?[]const u8 {
        if (response.status != 200) {
            self.fail("request refused");
            return null;
        }
        if (!self.registered) {
            const identifier = http.header(response.headers, "Lambda-Extension-Identifier") orelse "";
            if (identifier.len == 0 or identifier.len > self.identifier.len) {
                self.fail("no identifier given");
                return null;
            }
            @memcpy(self.identifier[0..identifier.len], identifier);
            self.identifier_length = identifier.len;
            self.registered = true;
        } else {
            const event = http.member(response.body, "\"eventType\"") orelse {
                self.fail("event not understood");
                return null;
            };
            if (text.equal(event, "SHUTDOWN")) {
                return http.member(response.body, "\"shutdownReason\"") orelse "";
            }
        }
        self.failures = 0;
        self.ask();
        return null;
    }

    /// Give the connection up and try again later: at once the first time, which
    /// is how a server closes a connection that was idle for long.
    fn fail(self: *Api, what: []const u8) void {
        self.close();
        // Without the process that started this one there is no function to harm,
        // only a process left behind on a developer's machine.
        if (linux.getppid() != self.parent) linux.exit(1);
        const wait: u64 = if (self.failures == 0) 0 else @min(@as(u64, 5) << self.failures, longest_wait);
        if (self.failures == 1) self.output.notice(&.{ "Runtime API: ", what, "; trying again" });
        self.failures = @min(self.failures + 1, 8); // 5 ms << 8 is beyond the longest wait
        self.retry_at = clock.milliseconds() + wait;
    }

    fn close(self: *Api) void {
        if (self.socket >= 0) _ = linux.close(self.socket);
        self.socket = -1;
        self.state = .waiting;
    }
};
