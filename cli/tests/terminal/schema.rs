//! The schemas of `cli/schemas`.

use std::path::Path;

use boon::{Compiler, Draft, Schemas};
use serde_json::Value;

/// A schema of `cli/schemas`. A field that it does not list is an error here, though not to its users: fields may be
/// added, and then stand in it.
pub(crate) struct Schema {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Schema {
    pub(crate) fn read(name: &str) -> Schema {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).expect("the schema can be read");
        let mut schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
        close(&mut schema);
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource("schema.json", schema).expect("the schema is added");
        let index = compiler.compile("schema.json", &mut schemas).expect("the schema is sound");
        Schema { schemas, index }
    }

    #[track_caller]
    pub(crate) fn check(&self, document: &Value) {
        let error = self.schemas.validate(document, self.index).err().map(|error| format!("{error:#}"));
        assert_eq!(error, None, "{document:#}");
    }
}

/// Lets objects have no fields but those that are listed.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
