//! Where the Runtime API listens, from AWS_LAMBDA_RUNTIME_API.

const std = @import("std");
const text = @import("text.zig");
const linux = std.os.linux;

pub const Address = struct {
    /// `host:port` as it was given, for the Host header.
    text: []const u8,
    /// 127.0.0.1 is 0x7F000001.
    host: u32,
    port: u16,

    /// What Lambda and its emulators set.
    pub const default: Address = .{ .text = "127.0.0.1:9001", .host = 0x7F000001, .port = 9001 };

    /// Of what may be given: that of 255.255.255.255:65535.
    const longest = 21;

    /// `host:port`, where the host is an IPv4 address or `localhost`. Null for
    /// anything else: no resolver is carried along for names that Lambda does not use.
    pub fn parse(given: []const u8) ?Address {
        if (given.len > longest) return null;
        var rest: ?[]const u8 = given;
        const host = text.cut(&rest, ':').?;
        const port = text.number(rest orelse "", 10, 65535) orelse return null;
        if (port == 0) return null;
        return .{
            .text = given,
            .host = if (text.equal(host, "localhost")) default.host else parseHost(host) orelse return null,
            .port = @intCast(port),
        };
    }

    pub fn socketAddress(self: *const Address) linux.sockaddr.in {
        return .{ .port = std.mem.nativeToBig(u16, self.port), .addr = std.mem.nativeToBig(u32, self.host) };
    }

    /// As /proc/net/tcp prints it, in hexadecimal: the address, whose bytes it
    /// takes for a number of this machine's order, and the port.
    pub fn inProcfs(self: *const Address) [13]u8 {
        var result: [13]u8 = undefined;
        hexadecimal(result[0..8], std.mem.nativeToBig(u32, self.host));
        result[8] = ':';
        hexadecimal(result[9..13], self.port);
        return result;
    }
};

fn parseHost(given: []const u8) ?u32 {
    var rest: ?[]const u8 = given;
    var host: u64 = 0;
    var octets: usize = 0;
    while (text.cut(&rest, '.')) |part| : (octets += 1) {
        host = host << 8 | (text.number(part, 10, 255) orelse return null);
    }
    return if (octets == 4) @intCast(host) else null;
}

/// Not inlined: the compiler would unroll it for each of the two lengths.
noinline fn hexadecimal(out: []u8, value: u32) void {
    var rest = value;
    var place = out.len;
    while (place > 0) {
        place -= 1;
        out[place] = "0123456789ABCDEF"[rest % 16];
        rest /= 16;
    }
}
