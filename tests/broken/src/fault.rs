//! The list of faults, by the clause that each breaks.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($clause:ident { $($(#[doc = $wrong:literal])+ $fault:ident;)+ })+) => {
        /// What is wrong with a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $($(
                $(#[doc = $wrong])+
                #[doc = concat!(" Breaks `", stringify!($clause), "`.")]
                $fault,
            )+)+
        }

        impl Fault {
            /// Every fault, in the order of the clauses.
            pub const ALL: &[Self] = &[$($(Self::$fault),+),+];

            /// Its name, as it is written here.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$fault => stringify!($fault)),+),+
                }
            }

            /// The clause that it breaks.
            #[must_use]
            pub const fn clause(self) -> &'static str {
                match self {
                    $($(Self::$fault => stringify!($clause)),+),+
                }
            }

            /// What is wrong, in one sentence.
            #[must_use]
            pub fn wrong(self) -> &'static str {
                match self {
                    $($(Self::$fault => concat!($($wrong),+)),+),+
                }
                .trim()
            }
        }
    };
}

faults! {
    A1 {
        /// A stamp is drawn before the lock is had, so another writer may pass it.
        StampBeforeWrite;
    }
    A5 {
        /// After a restart head and high-water are those of the newest entry that is left.
        HeadForgotten;
        /// After a restart the high-water is the head: what was only observed is forgotten.
        ObservedForgotten;
    }
    R2 {
        /// A cursor that was given out once is taken though the file no longer has that entry: a restored file goes on as if nothing had happened.
        RestoredServed;
        /// A cursor at or below the head is taken whatever entry is there now: a clone is served like its original.
        CloneServed;
        /// A cursor is taken at an entry of another content, or at the floor of one: its tag is not looked at.
        CursorWithoutTag;
    }
    K1 {
        /// A peer that never acked does not count when a prune is planned.
        NeverAckedNotCounted;
    }
    K2 {
        /// An ack below the recorded one moves it back.
        AckGoesBack;
    }
    K3 {
        /// An ack above the head is taken.
        AckBeyondHeadTaken;
    }
    P3 {
        /// The floor is never stored.
        FloorNotStored;
        /// The floor is stored in a step after the delete, which a crash between them leaves out.
        FloorAfterDelete;
    }
    P4 {
        /// A plan is computed in one transaction and carried out in the next.
        PlanOutsideTransaction;
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no fault has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(pub String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to find a fault named {:?}", self.0)
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.iter().find(|fault| fault.name() == text);
        found.copied().ok_or_else(|| UnknownFault(text.to_owned()))
    }
}
