//! A bar over the migrations of a run, on a terminal.

use std::time::Duration;

use gapless::{Event, Pending};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::activity::Activity;
use super::echo::Echo;
use crate::output::complain;

/// A bar that is drawn on the standard error from the first event on.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    echo: Echo,
}

impl Bar {
    pub(super) fn new() -> Bar {
        Bar { bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()), echo: Echo::default() }
    }

    pub(super) fn show(&self, event: &Event<'_>) {
        match event {
            Event::Planned(plan) => self.begin(plan.pending().len() + plan.rolled_back().len()),
            Event::Applying(migrations) => self.say(&applying(migrations)),
            Event::Applied(_) | Event::RolledBack(_) => self.bar.inc(1),
            Event::Waiting { .. } => {
                self.begin(0);
                self.say(&event.to_string());
            }
            Event::Statement(begun) => {
                let (number, total, sql) = (begun.number(), begun.total(), begun.sql());
                let sql = sql.lines().next().unwrap_or_default();
                self.say(&format!("{} {}, {number}/{total}: {sql}", begun.version(), begun.name()));
            }
            Event::Retrying { .. } => self.print(&event.to_string()),
            // The report has these.
            Event::Changed(_) | Event::Started { .. } | Event::Warning(_) => {}
            event => self.say(&event.to_string()),
        }
    }

    /// Draws it, with so many migrations to go.
    fn begin(&self, count: usize) {
        let bar = &self.bar;
        if count > 0 {
            bar.set_length(count as u64);
        }
        let template = match count {
            0 => "{spinner} {elapsed:>3} {wide_msg}",
            _ => "{bar:24} {pos}/{len} {elapsed:>3} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if bar.is_hidden() {
            self.echo.leave_out_control_characters();
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// Replaces the text behind the bar.
    fn say(&self, text: &str) {
        self.bar.set_message(text.lines().next().unwrap_or_default().to_owned());
    }

    /// Shows what another connection sees.
    pub(super) fn see(&self, activity: &Activity) {
        self.bar.set_position(self.bar.position().max(activity.applied as u64));
        if let Some(sentence) = activity.sentence() {
            self.say(&sentence);
        }
    }

    /// Prints a line above the bar.
    pub(super) fn print(&self, text: &str) {
        self.bar.suspend(|| complain(text));
    }

    /// Takes it off the terminal.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
        self.echo.restore();
    }
}

fn applying(migrations: &[Pending]) -> String {
    match migrations {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
