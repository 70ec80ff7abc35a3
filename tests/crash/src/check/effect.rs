//! What became of the operation in flight.

/// How much of the operation in flight is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing.
    None,
    /// Some of its transactions: chunks of a prune, entries of a burst.
    Part,
    /// Everything that it does.
    Whole,
}

/// The effects of an operation's parts, those that it has.
pub(super) fn together(effects: &[Option<Effect>]) -> Effect {
    let mut effects = effects.iter().flatten().copied();
    let Some(first) = effects.next() else {
        return Effect::None;
    };
    effects.fold(
        first,
        |sum, effect| if sum == effect { sum } else { Effect::Part },
    )
}

pub(super) fn whole_if(is_whole: bool) -> Effect {
    if is_whole {
        Effect::Whole
    } else {
        Effect::None
    }
}
