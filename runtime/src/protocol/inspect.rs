//! Asks the catalog what an earlier try of a statement has left.

use gapless_core::Concurrent;

use super::Stop;
use super::part::{Message, Part};
use super::protocol::Protocol;
use super::resume::{LOST, interrupted};
use super::steps::Steps;
use crate::dialect::{Effect, FoundIndex};

impl<'a> Protocol<'a> {
    /// Returns `true` if the outcome of the current step is unknown, and the catalog shows it.
    pub(super) fn asks_catalog(&self, steps: &Steps<'a>) -> bool {
        steps.in_doubt && !steps.is_rerunnable() && self.effects(steps).is_some()
    }

    fn effects(&self, steps: &Steps<'a>) -> Option<String> {
        let names = self.names(steps.item.migration);
        self.dialect.effects(&self.tracker, &names, steps.begun_with(steps.at))
    }

    /// Asks the catalog what became of the current step.
    pub(super) async fn effect(&mut self, steps: &mut Steps<'a>) -> Result<Effect, Stop> {
        let Some(question) = self.effects(steps) else { return Ok(Effect::Unknown) };
        let one_by_one = steps.definition().is_some_and(|found| found.one_by_one);
        let results = self.insist(steps, Part::Inspection, Message::plain(question)).await?;
        Ok(results.first().map_or(Effect::Unknown, |rows| Effect::read(rows, one_by_one)))
    }

    /// Finds out what became of a step whose outcome is unknown. Returns `true` if it took effect.
    pub(super) async fn is_done_already(&mut self, steps: &mut Steps<'a>) -> Result<bool, Stop> {
        if !self.asks_catalog(steps) {
            return Ok(false);
        }
        match self.effect(steps).await? {
            Effect::Done => Ok(true),
            Effect::NotDone => {
                steps.in_doubt = false;
                Ok(false)
            }
            Effect::Half(changed) => {
                let why = format!(
                    "its session ended in the middle of the statement: {} changed, and the others did not",
                    changed.join(", ")
                );
                Err(interrupted(steps, steps.at, &why))
            }
            Effect::Unknown => Err(interrupted(steps, steps.at, LOST)),
        }
    }

    /// Inspects the catalog, where its answer makes a difference. Returns the indexes to drop before the statement, or
    /// `None` if the statement is done.
    pub(super) async fn inspect(&mut self, steps: &mut Steps<'a>) -> Result<Option<Vec<String>>, Stop> {
        let Some(message) = self.inspection(steps) else { return Ok(Some(Vec::new())) };
        let results = self.insist(steps, Part::Inspection, Message::plain(message)).await?;
        let found: Vec<_> = results.iter().take(1).flat_map(FoundIndex::read).collect();
        let drops = matches!(steps.concurrent(), Some(Concurrent::Drop { .. }));
        if steps.in_doubt {
            let any = |wanted: fn(&FoundIndex) -> bool| found.iter().find(|index| wanted(index));
            let why = match steps.concurrent() {
                Some(Concurrent::Create { index: Some(_), .. }) => {
                    if any(|index| index.named && index.valid && index.new).is_some() {
                        return Ok(None);
                    }
                    None
                }
                // Its index may be any of those.
                Some(Concurrent::Create { index: None, .. }) => any(|index| index.valid && index.new)
                    .map(|own| format!("the index {} is newer, and may be the statement's", own.name)),
                Some(Concurrent::Drop { .. }) if found.is_empty() => return Ok(None),
                Some(Concurrent::Drop { .. }) => any(|index| index.new)
                    .map(|other| format!("the name now stands for another index, {}", other.name)),
                _ => None,
            };
            if let Some(why) = why {
                return Err(interrupted(steps, steps.at, &why));
            }
        }
        let left = found.into_iter().filter(|index| !drops && !index.valid && (index.named || index.new));
        Ok(Some(left.map(|index| index.name).collect()))
    }

    fn inspection(&self, steps: &Steps<'a>) -> Option<String> {
        let concurrent = steps.concurrent()?;
        let needed = match concurrent {
            // An invalid index satisfies `IF NOT EXISTS`, and is not the index that the statement should make.
            Concurrent::Create { if_not_exists, .. } => steps.begun_before || if_not_exists,
            Concurrent::Drop { .. } => steps.in_doubt,
            Concurrent::Reindex { .. } => steps.begun_before,
            _ => false,
        };
        let names = self.names(steps.item.migration);
        needed.then(|| self.dialect.inspect(&self.tracker, &names, steps.at + 1, &concurrent))?
    }
}
