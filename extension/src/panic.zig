//! What a failed safety check says: one function for each kind, called by the
//! compiler, which wants all of them.
//!
//! The standard library's set also formats the values involved. That takes 3 kB
//! of code, an eighth of the binary, and tells little without source lines.

pub fn Messages(comptime handler: fn ([]const u8, ?usize) noreturn) type {
    return struct {
        pub const call = handler;

        pub fn sentinelMismatch(expected: anytype, _: @TypeOf(expected)) noreturn {
            say("sentinel mismatch");
        }
        pub fn unwrapError(_: anyerror) noreturn {
            say("error not handled");
        }
        pub fn outOfBounds(_: usize, _: usize) noreturn {
            say("index out of bounds");
        }
        pub fn startGreaterThanEnd(_: usize, _: usize) noreturn {
            say("slice that ends before it starts");
        }
        pub fn inactiveUnionField(active: anytype, _: @TypeOf(active)) noreturn {
            say("access to another field of a union");
        }
        pub fn sliceCastLenRemainder(_: usize) noreturn {
            say("slice cast with a remainder");
        }
        pub fn unexpectedErrorCode(_: anyerror) noreturn {
            say("unexpected error");
        }

        pub const reachedUnreachable = saying("unreachable code reached");
        pub const unwrapNull = saying("null used as a value");
        pub const castToNull = saying("pointer cast from null");
        pub const incorrectAlignment = saying("wrong alignment");
        pub const invalidErrorCode = saying("invalid error code");
        pub const integerOutOfBounds = saying("integer does not fit");
        pub const integerOverflow = saying("integer overflow");
        pub const shlOverflow = saying("left shift overflow");
        pub const shrOverflow = saying("right shift overflow");
        pub const divideByZero = saying("division by zero");
        pub const exactDivisionRemainder = saying("division with a remainder");
        pub const integerPartOutOfBounds = saying("float does not fit an integer");
        pub const corruptSwitch = saying("switch on a corrupt value");
        pub const shiftRhsTooBig = saying("shift too far");
        pub const invalidEnumValue = saying("invalid enum value");
        pub const forLenMismatch = saying("loop over different lengths");
        pub const copyLenMismatch = saying("copy between different lengths");
        pub const memcpyAlias = saying("copy onto itself");
        pub const noreturnReturned = saying("return from a function that does not");
        pub const loadUninstantiableType = saying("load of an impossible value");

        fn saying(comptime message: []const u8) fn () noreturn {
            return struct {
                fn check() noreturn {
                    say(message);
                }
            }.check;
        }

        noinline fn say(message: []const u8) noreturn {
            @branchHint(.cold);
            handler(message, null);
        }
    };
}
