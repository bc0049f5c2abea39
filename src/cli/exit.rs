//! Exit codes: part of the interface that pipelines act on.

use std::process::{ExitCode, Termination};

/// What the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: PASS.
    Pass,
    /// 1: FIX: something is wrong, and it is fixable under subpaths.
    Fix,
    /// 2: PIVOT: the documented criteria for the fallback are met.
    Pivot,
    /// 3: INCONCLUSIVE: the stack did not stand, or the harness broke; nothing is claimed.
    Inconclusive,
    /// 64: the command line or a file is wrong (`EX_USAGE` of sysexits.h).
    Usage,
    /// 130: interrupted; everything is torn down (128 + SIGINT, as shells have it).
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Pass => 0,
            Exit::Fix => 1,
            Exit::Pivot => 2,
            Exit::Inconclusive => 3,
            Exit::Usage => 64,
            Exit::Interrupted => 130,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
