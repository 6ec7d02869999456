//! The operations: what can be asked for, with what parameters, and what is answered.

use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, HttpMethod, PathItem, PathsBuilder, RefOr, Required, ResponseBuilder, Schema};

use super::schemas::{field_schema, name, reference};
use crate::core::field::Shape;
use crate::core::resource::{Mode, Resource};

/// The paths of a resource.
pub fn paths<R: Resource>(paths: PathsBuilder) -> PathsBuilder {
    let name = name::<R>();
    let (plural, path) = (R::TABLE.plural, R::TABLE.path);
    let operation = |verb: &str, summary: String| {
        let operation =
            OperationBuilder::new().tag(plural).summary(Some(summary)).operation_id(Some(format!("{verb}{name}")));
        problems(path_parameters(operation, path))
    };
    let body = |operation: OperationBuilder| operation.request_body(Some(body(reference(&format!("{name}Input")))));
    let page = || answer("A page of the index.", reference(&format!("{name}Page")));
    let one = || answer("The record.", reference(&name));

    let index = index_parameters::<R>(operation("list", format!("List {plural}"))).response("200", page());
    let create = secured(body(operation("create", format!("Create a {}", R::TABLE.name)))).response("201", one());
    let put = secured(body(operation("updateByBody", format!("Update a {}, its id in the body", R::TABLE.name))))
        .response("200", one());
    let search = operation("search", format!("List {plural}, the parameters in the body"))
        .request_body(Some(self::body(field_schema(Shape::Object, false, "The parameters of the index.").into())))
        .response("200", page());

    let id = format!("{}_id", R::TABLE.name);
    let of_item = |operation: OperationBuilder| operation.parameter(path_parameter(&id));
    let read = of_item(operation("read", format!("Read a {}", R::TABLE.name))).response("200", one());
    let update =
        |verb| secured(body(of_item(operation(verb, format!("Update a {}", R::TABLE.name))))).response("200", one());
    let delete =
        secured(of_item(operation("delete", format!("Delete a {} with all that it is composed of", R::TABLE.name))))
            .response("200", one());

    paths
        .path(
            path,
            PathItemBuilder::new()
                .operation(HttpMethod::Get, index)
                .operation(HttpMethod::Post, create)
                .operation(HttpMethod::Put, put)
                .build(),
        )
        .path(format!("{path}/search"), PathItem::new(HttpMethod::Post, search))
        .path(
            format!("{path}/{{{id}}}"),
            PathItemBuilder::new()
                .operation(HttpMethod::Get, read)
                .operation(HttpMethod::Put, update("update"))
                .operation(HttpMethod::Patch, update("patch"))
                .operation(HttpMethod::Delete, delete)
                .build(),
        )
}

/// The paths that are not verbs of a resource.
pub fn others(paths: PathsBuilder) -> PathsBuilder {
    let any = || RefOr::T(field_schema(Shape::Object, false, "See the description."));
    let get = |path: &str, tag: &str, id: &str, summary: &str, schema| {
        let operation = OperationBuilder::new().tag(tag).summary(Some(summary)).operation_id(Some(id));
        (path.to_owned(), PathItem::new(HttpMethod::Get, problems(operation).response("200", answer(summary, schema))))
    };
    let post = |path: &str, tag: &str, id: &str, summary: &str, schema| {
        let operation = OperationBuilder::new().tag(tag).summary(Some(summary)).operation_id(Some(id));
        let operation = secured(problems(path_parameters(operation, path)));
        (path.to_owned(), PathItem::new(HttpMethod::Post, operation.response("200", answer(summary, schema))))
    };
    let events = OperationBuilder::new()
        .tag("events")
        .operation_id(Some("listEvents"))
        .summary(Some("The events of a stream after one of them, oldest first"))
        .parameter(query("stream", "The stream: catalog.", Shape::Choice(&["catalog"])))
        .parameter(query(
            "after",
            "The id of an event; `latest` only tells the id of the newest.",
            Shape::Text { max: 36, format: "" },
        ))
        .parameter(query("limit", "How many, 1 to 1000; 100 unless told.", Shape::Integer { minimum: 1 }))
        .response("200", answer("The events, and the id of the last of them.", any()));
    let publish = OperationBuilder::new()
        .tag("packages")
        .operation_id(Some("publishPackage"))
        .summary(Some("Publish a marketplace.json, or tell what that would do"))
        .parameter(query("dry_run", "Whether to change nothing.", Shape::Boolean))
        .request_body(Some(body(any())))
        .response("200", answer("What was done.", any()));
    [
        get("/", "status", "root", "What this is", reference("Root")),
        get("/status", "status", "status", "Whether the marketplace is well, and who asks", reference("Status")),
        get("/livez", "status", "live", "Whether the process is up", any()),
        get("/readyz", "status", "ready", "Whether requests can be served", any()),
        ("/events".into(), PathItem::new(HttpMethod::Get, problems(events))),
        ("/packages".into(), PathItem::new(HttpMethod::Post, secured(problems(publish)))),
        post("/products/{product_id}/publish", "products", "publishProduct", "Publish a product", reference("Product")),
        post(
            "/products/{product_id}/unpublish",
            "products",
            "unpublishProduct",
            "Withdraw a product",
            reference("Product"),
        ),
        post(
            "/products/{product_id}/builds/{build_id}/publish",
            "builds",
            "publishBuild",
            "Publish a build",
            reference("Build"),
        ),
        post(
            "/products/{product_id}/builds/{build_id}/yank",
            "builds",
            "yankBuild",
            "Withdraw a build from new deployments",
            reference("Build"),
        ),
    ]
    .into_iter()
    .fold(paths, |paths, (path, item)| paths.path(path, item))
}

fn index_parameters<R: Resource>(operation: OperationBuilder) -> OperationBuilder {
    let fields = R::FIELDS
        .iter()
        .filter(|field| field.mode != Mode::Fixed && !matches!(field.shape, Shape::Object | Shape::List));
    let filters = fields.map(|field| {
        let how =
            if matches!(field.shape, Shape::Text { .. }) { "contains this, whatever the case" } else { "equals this" };
        query(
            field.name,
            &format!("Only those whose {} {how}. Commas separate alternatives.", field.name),
            Shape::Text { max: 0, format: "" },
        )
    });
    let text = Shape::Text { max: 0, format: "" };
    let own = R::FILTERS.iter().map(|(name, about)| query(name, about, text));
    let about = "Words, or starts of words, to search for; sixteen count. Unless sorted, the best hits come first.";
    let search = (!R::TABLE.search.is_empty()).then(|| query("text", about, text));
    [
        query("page", "The page, from 1.", Shape::Integer { minimum: 1 }),
        query(
            "cursor",
            "Instead of page: next_cursor of the page before, or empty to begin. A walk sees each row once.",
            text,
        ),
        query("per_page", "Entries on a page, 1 to 1000; 10 unless told.", Shape::Integer { minimum: 1 }),
        query("sort", "The field to sort by.", text),
        query("order", "In which direction.", Shape::Choice(&["ascending", "descending", "asc", "desc"])),
    ]
    .into_iter()
    .chain(search)
    .chain(own)
    .chain(filters)
    .fold(operation, OperationBuilder::parameter::<Parameter>)
}

fn query(name: &str, about: &str, shape: Shape) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(field_schema(shape, false, "")))
        .build()
}

fn path_parameter(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(field_schema(Shape::Id, false, "")))
        .build()
}

fn path_parameters(operation: OperationBuilder, path: &str) -> OperationBuilder {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    names.fold(operation, |operation, name| operation.parameter(path_parameter(name)))
}

fn body(schema: RefOr<Schema>) -> RequestBody {
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
        .build()
}

fn answer(about: &str, schema: RefOr<Schema>) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(about)
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
}

fn problems(operation: OperationBuilder) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    operation.response(
        "default",
        ResponseBuilder::new().description("Why it failed.").content("application/problem+json", content),
    )
}

fn secured(operation: OperationBuilder) -> OperationBuilder {
    operation.security(SecurityRequirement::new("bearer", Vec::<String>::new()))
}
