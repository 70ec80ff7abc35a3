//! The macro that makes the suite of a backend.

/// Makes one `#[test]` of every case, and of the model, for one
/// [`Harness`](crate::Harness) with [`Tampering`](crate::Tampering): the one line in
/// a test file of the backend. The crate doc has an example.
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::for_each_case! { $crate::tests_of_all_cases, $harness }

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

/// Makes the tests of the cases.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_all_cases {
    ([$harness:ty] plain { $($plain:tt)+ } tampering { $($tampering:tt)+ }) => {
        $crate::tests_of_all_cases! { [$harness] $($plain)+ }
        $crate::tests_of_all_cases! { [$harness] $($tampering)+ }
    };
    ([$harness:ty] $($group:ident { $($case:ident [$($clause:ident)+];)+ })+) => {
        $(mod $group {
            #[allow(unused_imports)]
            use super::*;

            $(#[test]
            fn $case() {
                $crate::run_case::<$harness, _>($crate::cases::$group::$case::<$harness>);
            })+
        })+
    };
}
