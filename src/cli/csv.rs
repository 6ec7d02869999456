//! Records as comma-separated values (RFC 4180): a line of names, then one a record.

use serde_json::{Map, Value};

use super::error::Failed;
use super::output::cell;

/// What all records have, at the end of the line.
const LAST: [&str; 4] = ["created_at", "updated_at", "path", "url"];
/// What spreadsheets take for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A page of records, a list of them, or one, without the last line's end.
pub fn of(value: &Value) -> Result<String, Failed> {
    let records: Vec<&Map<String, Value>> = match (value, &value["results"]) {
        (Value::Array(records), _) | (_, Value::Array(records)) => {
            records.iter().filter_map(Value::as_object).collect()
        }
        _ => value.as_object().into_iter().collect(),
    };
    let mut names: Vec<&str> = records.iter().flat_map(|record| record.keys()).map(String::as_str).collect();
    names.sort_by_key(|name| (*name != "id", LAST.iter().position(|last| last == name), *name));
    names.dedup();
    if names.is_empty() {
        return Ok(String::new());
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failed::new(error.to_string());
    writer.write_record(&names).map_err(failed)?;
    for record in records {
        let cells = names.iter().map(|name| record.get(*name).map(safe).unwrap_or_default());
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failed::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// A value as a cell; nested ones as JSON. Text that a spreadsheet would run is marked as text with an apostrophe, as OWASP
/// advises.
fn safe(value: &Value) -> String {
    let text = cell(value);
    if value.is_string() && text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_become_lines() {
        for (value, expected) in [
            (json!({ "results": [] }), ""),
            (json!({ "url": "u", "b": -1, "a": null, "id": "i" }), "id,a,b,url\ni,,-1,u"),
            (
                json!({ "results": [{ "id": "1", "a": "x, \"y\"" }, { "id": "2", "b": [1, { "c": true }] }] }),
                "id,a,b\n1,\"x, \"\"y\"\"\",\n2,,\"[1,{\"\"c\"\":true}]\"",
            ),
            (json!({ "a": "=1+1", "b": "@x", "c": "-x", "d": "x=1" }), "a,b,c,d\n'=1+1,'@x,'-x,x=1"),
        ] {
            assert_eq!(of(&value).unwrap(), expected, "{value}");
        }
    }
}
