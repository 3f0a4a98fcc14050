//! The environment, read once. A value that cannot be used is told in one line,
//! with the default that is used instead.

const std = @import("std");
const Format = @import("emf.zig").Format;
const Output = @import("output.zig").Output;

pub const Environment = []const ?[*:0]const u8;

pub const Settings = struct {
    /// How to print an invocation; null to print none.
    format: ?Format,
    /// Where the FIFO is made.
    directory: []const u8,
};

const Enabled = enum { @"1", @"0", true, false };
const Mode = enum { on, observe, off };
const Metrics = enum { core, all, log, off };

/// Leaves room for the name of the FIFO in a path of 256 bytes.
pub const longest_directory = 200;

/// AWS allows 64 characters; a local emulator may take a longer logical id.
const longest_function = 140;

/// The limit of CloudWatch's PutMetricData.
const longest_namespace = 255;

const letters_and_digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

pub noinline fn read(environment: Environment, output: *Output) Settings {
    const reader: Reader = .{ .environment = environment, .output = output };
    const enabled = reader.choice(Enabled, "KEEPALIVE_ENABLED", .true);
    const mode = reader.choice(Mode, "KEEPALIVE_MODE", .on);
    const set = reader.choice(Metrics, "KEEPALIVE_METRICS", .core);
    return .{
        .format = if (enabled == .@"0" or enabled == .false or mode == .off or set == .off) null else .{
            .set = switch (set) {
                .core => .core,
                .all => .all,
                .log, .off => .log,
            },
            .namespace = reader.text("KEEPALIVE_METRICS_NAMESPACE", "LambdaKeepalive", isNamespace),
            .function = reader.text("AWS_LAMBDA_FUNCTION_NAME", "unknown", isFunction),
        },
        .directory = reader.text("KEEPALIVE_RUNTIME_DIR", "/tmp/lambda-keepalive", isDirectory),
    };
}

/// The value of `name`; null if it is not set or empty.
pub noinline fn get(environment: Environment, name: []const u8) ?[]const u8 {
    for (environment) |entry| {
        const variable = std.mem.span(entry orelse continue);
        if (!std.mem.startsWith(u8, variable, name)) continue;
        if (variable.len <= name.len + 1 or variable[name.len] != '=') continue;
        return variable[name.len + 1 ..];
    }
    return null;
}

const Reader = struct {
    environment: Environment,
    output: *Output,

    noinline fn choice(self: Reader, comptime Choice: type, comptime name: []const u8, comptime default: Choice) Choice {
        const value = get(self.environment, name) orelse return default;
        comptime var names: []const u8 = "";
        inline for (comptime std.enums.values(Choice)) |option| {
            if (std.ascii.eqlIgnoreCase(value, @tagName(option))) return option;
            names = names ++ (if (names.len == 0) "" else ", ") ++ @tagName(option);
        }
        self.output.notice(name ++ "=", value, " is none of " ++ names ++ "; using " ++ @tagName(default));
        return default;
    }

    noinline fn text(
        self: Reader,
        comptime name: []const u8,
        comptime default: []const u8,
        comptime isUsable: fn ([]const u8) bool,
    ) []const u8 {
        const value = get(self.environment, name) orelse return default;
        if (isUsable(value)) return value;
        self.output.notice(name ++ "=", value, " cannot be used; using " ++ default);
        return default;
    }
};

/// CloudWatch keeps the prefix `AWS/` for itself.
fn isNamespace(value: []const u8) bool {
    if (std.mem.startsWith(u8, value, "AWS/")) return false;
    return consistsOf(value, letters_and_digits ++ "._#:/-", longest_namespace);
}

fn isFunction(value: []const u8) bool {
    return consistsOf(value, letters_and_digits ++ "-_:.$/", longest_function);
}

fn isDirectory(value: []const u8) bool {
    return value[0] == '/' and value.len <= longest_directory;
}

noinline fn consistsOf(value: []const u8, allowed: []const u8, longest: usize) bool {
    return value.len <= longest and std.mem.indexOfNone(u8, value, allowed) == null;
}
