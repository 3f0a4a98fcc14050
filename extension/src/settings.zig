//! The environment, read once. A value that cannot be used is told in one line,
//! with the default that is used instead.

const std = @import("std");
const text = @import("text.zig");
const Format = @import("emf.zig").Format;
const Output = @import("output.zig").Output;

pub const Environment = []const ?[*:0]const u8;

pub const Settings = struct {
    /// How to print an invocation; null to print none.
    format: ?Format,
    /// Where the FIFO is made.
    directory: []const u8,
};

/// Leaves room for the name of the FIFO in a path of 256 bytes.
pub const longest_directory = 200;

/// AWS allows 64 characters; a local emulator may take a longer logical id.
const longest_function = 140;

/// The limit of CloudWatch's PutMetricData.
const longest_namespace = 255;

pub fn read(environment: Environment, output: *Output) Settings {
    const reader: Reader = .{ .environment = environment, .output = output };
    const enabled = reader.choice("KEEPALIVE_ENABLED", "true false 1 0");
    const mode = reader.choice("KEEPALIVE_MODE", "on observe off");
    const set = metricSet(reader.choice("KEEPALIVE_METRICS", "core all log datadog off"));
    const disabled = text.equal(enabled, "0") or text.equal(enabled, "false") or text.equal(mode, "off");
    return .{
        .format = if (disabled or set == null) null else .{
            .set = set.?,
            .namespace = reader.word("KEEPALIVE_METRICS_NAMESPACE", "LambdaKeepalive", isNamespace),
            .function = reader.word("AWS_LAMBDA_FUNCTION_NAME", "unknown", isFunction),
        },
        .directory = reader.word("KEEPALIVE_RUNTIME_DIR", "/tmp/lambda-keepalive", isDirectory),
    };
}

/// The set of that name; null for `off`.
fn metricSet(name: []const u8) ?Format.Set {
    for (std.enums.values(Format.Set)) |set| {
        if (text.equal(name, @tagName(set))) return set;
    }
    return null;
}

/// The value of `name`; null if it is not set or empty.
pub fn get(environment: Environment, name: []const u8) ?[]const u8 {
    for (environment) |entry| {
        const variable = std.mem.span(entry orelse continue);
        if (!text.startsWith(variable, name)) continue;
        if (variable.len <= name.len + 1 or variable[name.len] != '=') continue;
        return variable[name.len + 1 ..];
    }
    return null;
}

const Reader = struct {
    environment: Environment,
    output: *Output,

    /// One of `options`, which are separated by blanks and begin with the default.
    fn choice(self: *const Reader, name: []const u8, options: []const u8) []const u8 {
        var rest: ?[]const u8 = options;
        const default = text.cut(&rest, ' ').?;
        const value = get(self.environment, name) orelse return default;
        rest = options;
        while (text.cut(&rest, ' ')) |option| {
            if (text.equalIgnoringCase(value, option)) return option;
        }
        self.output.notice(&.{ name, "=", value, " is none of: ", options, "; using ", default });
        return default;
    }

    /// `default`, unless a value is given that `isUsable`. Not inlined: the compiler
    /// would copy it for the sake of a single check.
    noinline fn word(
        self: *const Reader,
        name: []const u8,
        default: []const u8,
        isUsable: *const fn ([]const u8) bool,
    ) []const u8 {
        const value = get(self.environment, name) orelse return default;
        if (isUsable(value)) return value;
        self.output.notice(&.{ name, "=", value, " cannot be used; using ", default });
        return default;
    }
};

/// CloudWatch keeps the prefix `AWS/` for itself.
fn isNamespace(value: []const u8) bool {
    if (text.startsWith(value, "AWS/")) return false;
    return text.consistsOf(value, text.letters_and_digits ++ "._#:/-", longest_namespace);
}

fn isFunction(value: []const u8) bool {
    return text.consistsOf(value, text.letters_and_digits ++ "-_:.$/", longest_function);
}

fn isDirectory(value: []const u8) bool {
    return value[0] == '/' and value.len <= longest_directory;
}
