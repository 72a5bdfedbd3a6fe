//! The keys that the file may have, taken from its JSON Schema: what is unknown, what was meant, what a key is for.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::file::File;

/// Returns the JSON Schema of the configuration file (draft 2020-12), for editors and for `Keys`.
#[must_use]
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<File>().to_value()
}

/// The keys that the file may have.
pub(super) struct Keys(&'static Value);

/// An entry of the file that does not fit into the tables of the settings.
pub(super) struct Misfit {
    /// The tables above it and the key itself.
    pub(super) path: Vec<String>,
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// What is wrong with it.
    pub(super) kind: MisfitKind,
}

/// What is wrong with an entry.
pub(super) enum MisfitKind {
    /// Its key is none of the settings.
    Unknown {
        /// What to write instead.
        fix: String,
    },
    /// It should be a table. serde would take a list for one, entry by entry.
    NotTable,
}

impl Keys {
    pub(super) fn new() -> Self {
        static SCHEMA: LazyLock<Value> = LazyLock::new(schema);
        Self(&SCHEMA)
    }

    /// Takes out of the tree what does not fit.
    pub(super) fn take_misfits(&self, tree: &mut DeTable<'_>) -> Vec<Misfit> {
        let mut found = Vec::new();
        self.walk(tree, self.0, &mut Vec::new(), &mut found);
        found
    }

    /// Whether there is a setting or a table at this path.
    pub(super) fn has(&self, path: &[impl AsRef<str>]) -> bool {
        self.schema_at(path).is_some()
    }

    /// The names of all settings and tables, wherever they stand.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        collect_names(self.0, &mut names);
        names
    }

    /// Says what a setting is for and what it is by default.
    pub(super) fn help(&self, path: &[impl AsRef<str>]) -> Option<String> {
        let schema = self.schema_at(path)?;
        let description = schema.get("description")?.as_str()?.replace('\n', " ");
        let default = match schema.get("default") {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => format!(" Default: {value}."),
            _ => String::new(),
        };
        Some(format!("{description}{default}"))
    }

    fn schema_at(&self, path: &[impl AsRef<str>]) -> Option<&Value> {
        path.iter().try_fold(self.0, |schema, key| child(schema, key.as_ref()))
    }

    fn walk(&self, table: &mut DeTable<'_>, schema: &Value, path: &mut Vec<String>, found: &mut Vec<Misfit>) {
        let mut taken = Vec::new();
        for (key, value) in table.iter_mut() {
            let name = key.get_ref().as_ref();
            let span = value.span();
            path.push(name.to_owned());
            let misfit = match (child(schema, name), value.get_mut()) {
                (None, _) => Some((key.span(), MisfitKind::Unknown { fix: self.fix(schema, path, name) })),
                (Some(schema), DeValue::Table(inner)) if is_table(schema) => {
                    self.walk(inner, schema, path, found);
                    None
                }
                (Some(schema), DeValue::Array(list)) if is_list_of_tables(schema) => {
                    self.walk_list(list, schema, path, found);
                    None
                }
                (Some(schema), _) => is_table(schema).then_some((span, MisfitKind::NotTable)),
            };
            if let Some((span, kind)) = misfit {
                taken.push(name.to_owned());
                found.push(Misfit { path: path.clone(), span, kind });
            }
            path.pop();
        }
        for name in taken {
            table.remove(name.as_str());
        }
    }

    /// Walks the tables of a list, which all have one path.
    fn walk_list(&self, list: &mut DeArray<'_>, schema: &Value, path: &mut Vec<String>, found: &mut Vec<Misfit>) {
        let is_table = |entry: &Spanned<DeValue<'_>>| matches!(entry.get_ref(), DeValue::Table(_));
        for entry in list.iter().filter(|entry| !is_table(entry)) {
            found.push(Misfit { path: path.clone(), span: entry.span(), kind: MisfitKind::NotTable });
        }
        if !list.iter().all(is_table) {
            *list = list.iter().filter(|entry| is_table(entry)).cloned().collect();
        }
        for entry in list.iter_mut() {
            if let DeValue::Table(inner) = entry.get_mut() {
                self.walk(inner, items(schema), path, found);
            }
        }
    }

    fn fix(&self, schema: &Value, path: &[String], name: &str) -> String {
        let here: Vec<&str> = properties(schema).map(|(key, _)| key).collect();
        if let Some(near) = nearest(name, &here) {
            return format!("did you mean `{near}`?");
        }
        let mut elsewhere = Vec::new();
        collect(self.0, &mut Vec::new(), name, &mut elsewhere);
        if let [only] = elsewhere.as_slice() {
            return match only.rsplit_once('.') {
                Some((table, _)) if self.is_list(table) => format!("`{name}` belongs in `[[{table}]]`"),
                Some((table, _)) => format!("`{name}` belongs in `[{table}]`"),
                None => format!("`{name}` belongs at the top of the file, before the first `[table]`"),
            };
        }
        let (what, table) = match path.split_last() {
            Some((_, [])) | None => ("the file", String::new()),
            Some((_, parents)) if self.is_list(&parents.join(".")) => {
                ("the table", format!(" `[[{}]]`", parents.join(".")))
            }
            Some((_, parents)) => ("the table", format!(" `[{}]`", parents.join("."))),
        };
        format!("remove it; {what}{table} can have {}", list(&here))
    }

    /// Whether there is a list of tables at this dotted path.
    fn is_list(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('.').collect();
        self.schema_at(&path).is_some_and(is_list_of_tables)
    }
}

/// The schema of a key in a table, or in each table of a list, with this schema.
fn child<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    let schema = items(schema);
    let named = schema.get("properties").and_then(|properties| properties.get(key));
    named.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()))
}

fn is_table(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

fn is_list_of_tables(schema: &Value) -> bool {
    schema.get("items").is_some_and(is_table)
}

/// The schema of the entries of a list; that of what is no list.
fn items(schema: &Value) -> &Value {
    schema.get("items").unwrap_or(schema)
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = items(schema).get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Collects where in the file a key of this name can stand; a name chosen by the operator is shown as `NAME`.
fn collect(schema: &Value, path: &mut Vec<String>, name: &str, found: &mut Vec<String>) {
    for (key, schema) in properties(schema) {
        path.push(key.to_owned());
        if key == name {
            found.push(path.join("."));
        }
        collect(schema, path, name, found);
        path.pop();
    }
    if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
        path.push("NAME".to_owned());
        collect(any, path, name, found);
        path.pop();
    }
}

fn collect_names<'a>(schema: &'a Value, names: &mut BTreeSet<&'a str>) {
    for (key, schema) in properties(schema) {
        names.insert(key);
        collect_names(schema, names);
    }
    if let Some(any) = schema.get("additionalProperties") {
        collect_names(any, names);
    }
}

fn list(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// The key that differs least, if it differs little enough for its length to be a slip.
pub(super) fn nearest<'a>(name: &str, keys: &[&'a str]) -> Option<&'a str> {
    let name = name.replace('-', "_").to_ascii_lowercase();
    let slips = |key: &&str| edit_distance(&name, key);
    let near = keys.iter().copied().min_by_key(slips)?;
    (slips(&near) <= near.len().div_ceil(4)).then_some(near)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other (optimal string
/// alignment). Names longer than any key are not worth comparing.
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().take(64).collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 2);
    for (i, l) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let mut best = at(&row, j) + usize::from(l != r);
            best = best.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && left.get(i - 1) == Some(r) && right.get(j - 1) == Some(l);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_counts_slips() {
        let cases = [
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("lisetn", "listen", 1),
            ("listeen", "listen", 1),
            ("", "path", 4),
            ("path", "", 4),
            ("kitten", "sitting", 3),
        ];
        for (left, right, distance) in cases {
            assert_eq!(edit_distance(left, right), distance, "{left} {right}");
        }
    }

    #[test]
    fn nearest_key_is_named_only_if_it_is_near() {
        let keys = ["listen", "path", "public_url", "log"];
        let cases = [
            ("lisen", Some("listen")),
            ("Listen", Some("listen")),
            ("public-url", Some("public_url")),
            ("publicurl", Some("public_url")),
            ("lgo", Some("log")),
            ("bath", Some("path")),
            ("auth", None),
            ("redis", None),
            ("x", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, &keys), expected, "{name}");
        }
    }

    #[test]
    fn every_key_says_what_it_is_for() {
        fn check(schema: &Value, path: &str) {
            for (key, schema) in properties(schema) {
                let path = format!("{path}.{key}");
                let words = schema.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(words.ends_with('.'), "{path}: {words:?}");
                let form = ["type", "oneOf", "anyOf"].iter().find_map(|form| schema.get(form));
                assert!(form.is_some(), "{path}: {schema}");
                check(schema, &path);
            }
            if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
                check(any, &format!("{path}.NAME"));
            }
        }
        check(&schema(), "");
    }
}
