//! The macro that makes the suite of a backend.

/// Makes one `#[test]` of every case, and of the model, for one
/// [`Harness`](crate::Harness) with [`Tampering`](crate::Tampering): the one line in
/// a test file of the backend. The crate doc has an example.
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::for_each_case! { $crate::tests_of_all_cases, $harness, cases }

        mod model {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn every_history_goes_as_in_the_reference_model() {
                $crate::model::run::<$harness>();
            }
        }
    };
}

/// Makes one `#[test]` of every case of the receiver's contract, for one
/// [`RecordsHarness`](crate::RecordsHarness): the one line in a test file of the backend.
#[macro_export]
macro_rules! receiver_conformance {
    ($harness:ty) => {
        $crate::for_each_receiver_case! { $crate::tests_of_all_cases, $harness, receiver_cases }
    };
}

/// Makes the tests of the cases.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_all_cases {
    ([$harness:ty, $cases:ident] plain { $($plain:tt)+ } tampering { $($tampering:tt)+ }) => {
        $crate::tests_of_all_cases! { [$harness, $cases] $($plain)+ }
        $crate::tests_of_all_cases! { [$harness, $cases] $($tampering)+ }
    };
    ([$harness:ty, $cases:ident] $($group:ident { $($case:ident [$($clause:ident)+];)+ })+) => {
        $(mod $group {
            #[allow(unused_imports)]
            use super::*;

            $(#[test]
            fn $case() {
                $crate::run_case::<$harness, _>($crate::$cases::$group::$case::<$harness>);
            })+
        })+
    };
}
