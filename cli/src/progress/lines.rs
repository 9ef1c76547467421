//! Events as plain lines, for logs. What the report says at the end is left out.

use gapless::Event;

pub(super) fn show(event: &Event<'_>) {
    match event {
        Event::Planned(_)
        | Event::Changed(_)
        | Event::Applied(_)
        | Event::RolledBack(_)
        | Event::Warning(_) => {}
        event => anstream::eprintln!("{event}"),
    }
}
