//! Where the Runtime API listens, from AWS_LAMBDA_RUNTIME_API.

const std = @import("std");
const parseNumber = @import("number.zig").parse;
const linux = std.os.linux;

pub const Address = struct {
    /// `host:port` as it was given, for the Host header.
    text: []const u8,
    octets: [4]u8,
    port: u16,

    /// What Lambda and its emulators have always set.
    pub const default: Address = .{ .text = "127.0.0.1:9001", .octets = .{ 127, 0, 0, 1 }, .port = 9001 };

    /// `host:port`, where the host is an IPv4 address or `localhost`. Null for
    /// anything else: no resolver is carried along for names that Lambda does not use.
    pub fn parse(text: []const u8) ?Address {
        const colon = std.mem.lastIndexOfScalar(u8, text, ':') orelse return null;
        const host = text[0..colon];
        const port = parseNumber(text[colon + 1 ..], 10, 65535) orelse return null;
        if (port == 0) return null;
        const octets = if (std.mem.eql(u8, host, "localhost")) default.octets else parseOctets(host) orelse return null;
        return .{ .text = text, .octets = octets, .port = @intCast(port) };
    }

    pub fn socketAddress(self: Address) linux.sockaddr.in {
        return .{ .port = std.mem.nativeToBig(u16, self.port), .addr = @bitCast(self.octets) };
    }

    /// As /proc/net/tcp prints it: the address as one number of this machine's
    /// byte order, then the port, both in hexadecimal.
    pub fn inProcfs(self: Address) [13]u8 {
        var result: [13]u8 = undefined;
        const address: u32 = @bitCast(self.octets);
        hexadecimal(result[0..8], address);
        result[8] = ':';
        hexadecimal(result[9..13], self.port);
        return result;
    }
};

fn parseOctets(host: []const u8) ?[4]u8 {
    var octets: [4]u8 = undefined;
    var parts = std.mem.splitScalar(u8, host, '.');
    for (&octets) |*octet| {
        octet.* = @intCast(parseNumber(parts.next() orelse return null, 10, 255) orelse return null);
    }
    return if (parts.next() == null) octets else null;
}

fn hexadecimal(out: []u8, value: u32) void {
    var rest = value;
    var place = out.len;
    while (place > 0) {
        place -= 1;
        out[place] = "0123456789ABCDEF"[rest % 16];
        rest /= 16;
    }
}
