//! The verbs of a resource: what can be asked for, with what parameters, and what is answered.

use serde_json::{Map, Value, json};

use super::answers::{self, unchanged, with_problems};
use super::examples;
use super::parameters::{self, query};
use super::schemas::{about, reference};
use crate::core::field::Shape;
use crate::core::resource::Resource;

/// What can go wrong with reading, and beyond that with bodies and with writing.
const READ: &[u16] = &[400, 401, 404, 406, 503];
const BODY: &[u16] = &[413, 415, 422];
const WRITE: &[u16] = &[400, 401, 403, 404, 406, 409, 412, 503];

/// An operation under construction.
pub struct Operation(Value);

impl Operation {
    /// An operation that reads.
    pub fn read(tag: &str, id: &str, summary: &str, path: &str) -> Self {
        Self::new(tag, id, summary, path).header("RequestId").header("IfNoneMatch")
    }

    /// An operation that writes, which nobody may without signing in.
    pub fn write(tag: &str, id: &str, summary: &str, path: &str) -> Self {
        let mut operation = Self::new(tag, id, summary, path).header("RequestId");
        operation.0["security"] = json!([{ "bearer": [] }]);
        operation
    }

    fn new(tag: &str, id: &str, summary: &str, path: &str) -> Self {
        let parameters = parameters::of_path(path);
        Self(json!({ "tags": [tag], "operationId": id, "summary": summary, "parameters": parameters }))
    }

    /// With a parameter that is a header.
    pub fn header(self, name: &str) -> Self {
        self.parameter(parameters::reference(name))
    }

    /// With a parameter.
    pub fn parameter(mut self, parameter: Value) -> Self {
        self.0["parameters"].as_array_mut().into_iter().for_each(|all| all.push(parameter.clone()));
        self
    }

    fn index<R: Resource>(self) -> Self {
        let all = parameters::of_index::<R>();
        all.into_iter().fold(self, |operation, (name, schema, text)| operation.parameter(query(name, schema, &text)))
    }

    /// With a body in JSON, and as forms where there are schemas for those, without files and with.
    pub fn body(mut self, json: Value, forms: Option<[Value; 2]>, required: bool) -> Self {
        let mut content = Map::from_iter([("application/json".to_owned(), json!({ "schema": json }))]);
        let kinds = ["application/x-www-form-urlencoded", "multipart/form-data"].map(str::to_owned);
        for (kind, form) in kinds.into_iter().zip(forms.into_iter().flatten()) {
            content.insert(kind, json!({ "schema": form }));
        }
        self.0["requestBody"] = json!({ "required": required, "content": content });
        self
    }

    /// With a file as the body.
    pub fn file(self) -> Self {
        self.bytes("application/octet-stream")
    }

    /// With bytes of this media type as the body.
    pub fn bytes(mut self, media_type: &str) -> Self {
        let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
        self.0["requestBody"] = json!({ "required": true, "content": { media_type: bytes } });
        self
    }

    /// With its answers.
    pub fn answers(mut self, success: &str, answer: Value, problems: &[&[u16]]) -> Value {
        self.0["responses"] = with_problems(success, answer, &problems.concat());
        self.0
    }

    /// With a JSON answer that may be known already.
    pub fn answers_known(self, answer: Value, problems: &[&[u16]]) -> Value {
        let mut operation = self.answers("200", answer, problems);
        operation["responses"]["304"] = unchanged();
        operation
    }
}

/// The paths of a resource: its collections, their items, their search.
pub fn paths<R: Resource>() -> Vec<(String, Value)> {
    let flat = R::TABLE.flat.into_iter().flat_map(|path| at::<R>(path, "Any"));
    at::<R>(R::TABLE.path, "").into_iter().chain(flat).collect()
}

fn at<R: Resource>(path: &str, any: &str) -> Vec<(String, Value)> {
    let (name, plural, one_of_them) = (R::TABLE.type_name(), R::TABLE.plural, R::TABLE.one());
    let plurals = plural.replace('_', " ");
    let item = format!("{path}/{{{}_id}}", R::TABLE.name);
    let id = |verb: &str| format!("{verb}{any}{name}");
    let schema = |suffix: &str| reference(&format!("{name}{suffix}"));
    let upload = if R::FILES.is_empty() { "Form" } else { "Upload" };
    let form = || Some([schema("Form"), schema(upload)]);
    let page = || answers::json("A page of the index.", schema("Page"), &["ETag", "Link"]);
    let one = |text: &str| answers::json(text, schema(""), &["ETag"]);

    let index = Operation::read(plural, &id("list"), &format!("List {plurals}"), path).index::<R>();
    let create = Operation::write(plural, &id("create"), &format!("Create {one_of_them}"), path)
        .header("IdempotencyKey")
        .body(schema("Input"), form(), true);
    let (made, headers) = match R::MOST_AT_ONCE {
        0 => (schema(""), &["ETag", "Location"][..]),
        _ => (json!({ "anyOf": [schema(""), schema("Page")] }), &["ETag"][..]),
    };
    let mut created = answers::json("What was made.", made, headers);
    created["links"] = links(path, R::TABLE.name, &[id("read"), id("update"), id("delete")]);
    let its_id = json!({ "type": "object", "required": ["id"], "properties": { "id": Shape::Id.schema() } });
    let mut example = examples::change::<R>();
    example["id"] = examples::id(R::TABLE.name);
    let update_by_body = json!({ "allOf": [its_id, schema("Update")], "examples": [example] });
    let put = Operation::write(plural, &id("updateByBody"), &format!("Update {one_of_them}, its id in the body"), path)
        .header("IfMatch")
        .body(update_by_body, None, true);
    let search = format!("List {plurals}, the parameters in the body");
    let search =
        Operation::new(plural, &id("search"), &search, path).header("RequestId").body(schema("Search"), None, false);
    let update = |verb: &str| {
        Operation::write(plural, &id(verb), &format!("Update {one_of_them}"), &item)
            .header("IfMatch")
            .body(schema("Update"), form(), true)
            .answers("200", one("What it is now."), &[WRITE, BODY])
    };
    let force = about(json!({ "type": "boolean", "default": false }), "");
    let delete = Operation::write(
        plural,
        &id("delete"),
        &format!("Delete {one_of_them} with all that it is composed of"),
        &item,
    )
    .header("IfMatch")
    .parameter(query("force", force, "Whether to delete it even though users lose rights."));
    let collection = json!({
        "get": index.answers_known(page(), &[READ, &[403]]),
        "post": create.answers("201", created, &[WRITE, BODY]),
        "put": put.answers("200", one("What it is now."), &[WRITE, BODY]),
    });
    let items = json!({
        "get": Operation::read(plural, &id("read"), &format!("Read {one_of_them}"), &item).answers_known(one("It."), &[READ, &[403]]),
        "put": update("update"),
        "patch": update("patch"),
        "delete": delete.answers("200", one("What it was."), &[WRITE]),
    });
    let search = json!({ "post": search.answers("200", page(), &[READ, BODY, &[403]]) });
    vec![(path.to_owned(), collection), (format!("{path}/search"), search), (item, items)]
}

/// What can be done with what was just made.
fn links(path: &str, name: &str, operations: &[String]) -> Value {
    let above = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut ids: Map<String, Value> =
        above.map(|name| (name.to_owned(), format!("$request.path.{name}").into())).collect();
    ids.insert(format!("{name}_id"), "$response.body#/id".into());
    let link = |id: &String| (id.clone(), json!({ "operationId": id, "parameters": ids }));
    operations.iter().map(link).collect::<Map<_, _>>().into()
}

/// What is done with an item beyond the common verbs: `path` ends with what.
pub fn transition<R: Resource>(path: &str, method: &str, id: &str, summary: &str) -> (String, Value) {
    let answer = answers::json("What it is now.", reference(&R::TABLE.type_name()), &["ETag"]);
    let operation = Operation::write(R::TABLE.plural, id, summary, path);
    let operation = if method == "post" { operation.header("IdempotencyKey") } else { operation };
    (path.to_owned(), json!({ method: operation.answers("200", answer, &[WRITE, &[422]]) }))
}

/// An index of what has to do with a product.
pub fn related<R: Resource>(path: &str, id: &str, summary: &str) -> (String, Value) {
    let page = reference(&format!("{}Page", R::TABLE.type_name()));
    let answer = answers::json("A page of the index.", page, &["ETag", "Link"]);
    let operation = Operation::read("products", id, summary, path).index::<R>();
    (path.to_owned(), json!({ "get": operation.answers_known(answer, &[READ, &[403]]) }))
}
