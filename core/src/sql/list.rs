//! Finds lists and parentheses in a statement.

use std::ops::Range;

use super::statement::Statement;
use super::token::TokenKind;

impl Statement<'_> {
    /// Returns the tokens between the parenthesis at this token and its twin.
    pub(crate) fn parenthesised(&self, open: usize) -> Option<Range<usize>> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens().iter().enumerate().skip(open) {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return (at > open).then_some(open + 1..at);
            }
        }
        None
    }

    /// Returns the tokens of a range that stand in none of its parentheses.
    pub(crate) fn outside(&self, range: Range<usize>) -> Vec<usize> {
        let mut depth = 0_usize;
        let outside = |at: &usize| {
            match self.tokens().get(*at).map(|token| token.kind) {
                Some(TokenKind::Open) => depth += 1,
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        };
        range.filter(outside).collect()
    }

    /// Splits a range at its commas.
    pub(crate) fn commas(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let (mut parts, mut start) = (Vec::new(), range.start);
        for at in self.outside(range.clone()) {
            if self.text_of(at) == "," {
                parts.push(start..at);
                start = at + 1;
            }
        }
        parts.push(start..range.end);
        parts
    }

    /// Returns the depth to which parentheses nest.
    pub(crate) fn deepest(&self, range: Range<usize>) -> usize {
        let (mut depth, mut deepest) = (0_usize, 0);
        for token in &self.tokens()[range] {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }
}
