//! Finds the text that a tool would have filled in before it ran a script.

use super::lines::bracketed;
use crate::sql::Fault;

/// Text that a tool fills in everywhere, in comments and strings too.
pub(crate) struct Template {
    pub(super) noun: &'static str,
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) help: &'static str,
}

impl Template {
    /// Returns a fault for each place that the tool would have filled in.
    pub(super) fn find(&self, text: &str) -> Vec<Fault> {
        let found = bracketed(text, self.open, self.close).into_iter();
        found
            .map(|span| {
                let message = format!("the {} `{}` is not expanded", self.noun, &text[span.clone()]);
                Fault::new(message, span, self.help)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::set::Layout;

    #[test]
    fn templates_are_found_everywhere() {
        for (layout, text, expected) in [
            (
                Layout::Flyway,
                "-- ${a}\nSELECT '${flyway:user}' ${b\n}",
                &["${a}", "${flyway:user}", "${b"][..],
            ),
            (
                Layout::Tern,
                "-- {{.a}}\nCREATE TABLE {{ .b }}{{{c}}} {{d\n}}",
                &["{{.a}}", "{{ .b }}", "{{{c}}", "{{d"],
            ),
            (Layout::Goose, "-- ${a} {{.b}}", &[]),
        ] {
            let faults = layout.tool().unfilled(text).into_iter();
            let found: Vec<_> = faults.map(|fault| text[fault.span].to_owned()).collect();
            assert_eq!(found, expected, "{layout:?}");
        }
    }
}
