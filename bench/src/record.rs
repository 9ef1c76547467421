//! The measurements, and their JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// One measured thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The part of the benchmark.
    pub part: String,
    /// The peer that was measured.
    pub peer: String,
    /// At what.
    pub case: String,
    /// With how many migrations.
    pub size: u64,
    /// How far away the server was.
    pub rtt_ms: u64,
    /// The measured figures.
    pub figures: BTreeMap<String, Figure>,
}

/// A number, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// In the unit that its name ends with.
    Number(f64),
    /// Such as "over 120".
    Text(String),
}

/// All records, and where they were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Versions and the like, by name.
    pub environment: BTreeMap<String, String>,
    /// In the order in which they were made.
    pub records: Vec<Record>,
}

impl Record {
    /// A record without figures.
    pub fn new(part: &str, peer: &str, case: &str, size: u64) -> Record {
        let (part, peer, case) = (part.to_owned(), peer.to_owned(), case.to_owned());
        Record { part, peer, case, size, rtt_ms: 0, figures: BTreeMap::new() }
    }

    /// With a number.
    pub fn number(mut self, name: &str, value: f64) -> Record {
        self.figures.insert(name.to_owned(), Figure::Number(value));
        self
    }

    /// With a word where a number would be.
    pub fn text(mut self, name: &str, text: &str) -> Record {
        self.figures.insert(name.to_owned(), Figure::Text(text.to_owned()));
        self
    }

    /// The number of this name, if there is one.
    pub fn value(&self, name: &str) -> Option<f64> {
        match self.figures.get(name) {
            Some(Figure::Number(value)) => Some(*value),
            _ => None,
        }
    }

    fn to_json(&self) -> Value {
        let figures: Map<_, _> = self
            .figures
            .iter()
            .map(|(name, figure)| match figure {
                Figure::Number(value) => (name.clone(), json!(value)),
                Figure::Text(text) => (name.clone(), json!(text)),
            })
            .collect();
        json!({
            "part": self.part, "peer": self.peer, "case": self.case, "size": self.size,
            "rtt_ms": self.rtt_ms, "figures": figures,
        })
    }

    fn from_json(value: &Value) -> Option<Record> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let mut figures = BTreeMap::new();
        for (name, figure) in value.get("figures")?.as_object()? {
            let figure = match figure {
                Value::String(text) => Figure::Text(text.clone()),
                number => Figure::Number(number.as_f64()?),
            };
            figures.insert(name.clone(), figure);
        }
        Some(Record {
            part: text("part")?,
            peer: text("peer")?,
            case: text("case")?,
            size: value.get("size")?.as_u64()?,
            rtt_ms: value.get("rtt_ms")?.as_u64()?,
            figures,
        })
    }
}

impl Results {
    /// Reads what an earlier run wrote; nothing, if there was none.
    pub fn read(path: &Path) -> Results {
        let Ok(text) = fs::read_to_string(path) else { return Results::default() };
        Results::parse(&text).expect("results are what this program wrote")
    }

    fn parse(text: &str) -> Option<Results> {
        let value: Value = serde_json::from_str(text).ok()?;
        let environment = value.get("environment")?.as_object()?;
        let environment = environment
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()?;
        let records = value.get("records")?.as_array()?;
        Some(Results { environment, records: records.iter().map(Record::from_json).collect::<Option<_>>()? })
    }

    /// Writes all of it.
    pub fn write(&self, path: &Path) {
        fs::write(path, self.to_string()).expect("the results are written");
    }

    /// Forgets what an earlier run found in this part.
    pub fn clear(&mut self, part: &str) {
        self.records.retain(|record| record.part != part);
    }

    /// The records of a part.
    pub fn part<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.part == part)
    }
}

/// A line for each record, so that two runs can be compared.
impl std::fmt::Display for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{{\"environment\": {},\n\"records\": [", json!(self.environment))?;
        for (index, record) in self.records.iter().enumerate() {
            let comma = if index + 1 < self.records.len() { "," } else { "" };
            writeln!(f, "{}{comma}", record.to_json())?;
        }
        writeln!(f, "]}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let record = Record::new("trips", "sqlx", "connect only", 1).number("turns", 7.0);
        let failed = Record::new("builds", "refinery", "release", 5000).text("clean_s", "over 120");
        let environment = BTreeMap::from([("cores".to_owned(), "2".to_owned())]);
        let results = Results { environment, records: vec![record, failed] };
        assert_eq!(Results::parse(&results.to_string()), Some(results));
    }
}
