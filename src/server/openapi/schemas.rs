//! The schemas of bodies and answers.

use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::core::field::Shape;
use crate::core::resource::{FieldInfo, Mode, Record, Resource};
use crate::server::status::{Root, Status};

/// The name of a resource's schema: `product_license` is `ProductLicense`.
pub fn name<R: Resource>() -> String {
    let capital =
        |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>();
    R::TABLE.name.split('_').map(capital).collect()
}

/// A reference to a schema.
pub fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// The schemas of a resource: what is answered, what is sent, and a page of it.
pub fn components<R: Resource>(components: ComponentsBuilder) -> ComponentsBuilder {
    let name = name::<R>();
    let (answer, input, page) = (answer::<R>(), input::<R>(), page(&name));
    components.schema(format!("{name}Input"), input).schema(format!("{name}Page"), page).schema(name, answer)
}

/// The schemas that belong to no resource.
pub fn others(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("Problem", problem())
        .schema(Root::name(), Root::schema())
        .schema(Status::name(), Status::schema())
        .schema("Clock", crate::server::status::Clock::schema())
        .schema("Identity", crate::server::status::Identity::schema())
}

fn answer<R: Record>() -> Schema {
    let time = || field_schema(Shape::Time, false, "");
    let mut object = ObjectBuilder::new().description(Some(R::ABOUT.trim()));
    object = object.property("id", field_schema(Shape::Id, false, "Its id.")).required("id");
    for field in R::FIELDS {
        object = object.property(field.name, of_field(field)).required(field.name);
    }
    for (name, about) in R::EMBEDS {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(about.trim()));
        object = object.property(*name, any).required(*name);
    }
    object = object
        .property("created_at", time())
        .required("created_at")
        .property("updated_at", time())
        .required("updated_at");
    object = object.property("path", text("Its address, relative to the root.")).required("path");
    if R::FIELDS.iter().all(|field| field.name != "url") {
        object = object.property("url", text("Its absolute address.")).required("url");
    }
    object.build().into()
}

fn input<R: Record>() -> Schema {
    let mut object =
        ObjectBuilder::new().description(Some("What may be sent; unknown and read-only fields are ignored."));
    object = object.property("id", field_schema(Shape::Id, false, "Chosen by the client, at creation only."));
    for field in R::FIELDS.iter().filter(|field| field.mode != Mode::Server) {
        let about = format!("{}{}", field.about.trim(), if field.required { " Required at creation." } else { "" });
        object = object.property(field.name, field_schema(field.shape, field.nullable, &about));
    }
    object.build().into()
}

fn page(name: &str) -> Schema {
    let number = |about: &str| field_schema(Shape::Integer { minimum: 0 }, false, about);
    let maybe = |about: &str| field_schema(Shape::Integer { minimum: 1 }, true, about);
    let about = "What the parameter cursor takes to go on, null at the end.";
    let next_cursor = field_schema(Shape::Text { max: 4096, format: "" }, true, about);
    ObjectBuilder::new()
        .property("total_pages", number("How many pages there are, at least 1."))
        .property("total_entries", number("How many entries there are on all pages."))
        .property("previous_page", maybe("The page before this one."))
        .property("next_page", maybe("The page after this one."))
        .property("current_page", number("This page."))
        .property("per_page", number("How many entries a full page has."))
        .property("next_cursor", next_cursor)
        .property("results", ArrayBuilder::new().items(reference(name)))
        .required("total_pages")
        .required("total_entries")
        .required("previous_page")
        .required("next_page")
        .required("current_page")
        .required("per_page")
        .required("next_cursor")
        .required("results")
        .build()
        .into()
}

fn problem() -> Schema {
    ObjectBuilder::new()
        .description(Some("Why a request failed (RFC 9457)."))
        .property("type", text("Always about:blank: the status says it."))
        .property("title", text("The status in words."))
        .property("status", field_schema(Shape::Integer { minimum: 400 }, false, "The status."))
        .property("detail", text("What is wrong, and how to mend it."))
        .property("message", text("As detail."))
        .property(
            "errors",
            ObjectBuilder::new()
                .description(Some("With 422: each field that fails, and what it must be."))
                .additional_properties(Some(ArrayBuilder::new().items(RefOr::T(text("What the field must be."))))),
        )
        .property(
            "details",
            ObjectBuilder::new().description(Some("More, for programs.")).schema_type(SchemaType::AnyValue),
        )
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .required("message")
        .examples([json!({
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "Please correct: name must not be blank.",
            "message": "Please correct: name must not be blank.",
            "errors": { "name": ["must not be blank"] },
        })])
        .build()
        .into()
}

fn of_field(field: &FieldInfo) -> Schema {
    field_schema(field.shape, field.nullable, field.about)
}

fn text(about: &str) -> Schema {
    field_schema(Shape::Text { max: 0, format: "" }, false, about)
}

/// The schema of values of this shape.
pub fn field_schema(shape: Shape, nullable: bool, about: &str) -> Schema {
    let kind = |kind: Type| if nullable { SchemaType::Array(vec![kind, Type::Null]) } else { SchemaType::Type(kind) };
    let object = ObjectBuilder::new().description(Some(about.trim()));
    match shape {
        Shape::Text { max, format } => object
            .schema_type(kind(Type::String))
            .max_length(Some(max).filter(|max| *max > 0))
            .format(Some(format).filter(|format| !format.is_empty()).map(|format| SchemaFormat::Custom(format.into())))
            .build()
            .into(),
        Shape::Integer { minimum } => object
            .schema_type(kind(Type::Integer))
            .minimum(Some(minimum).filter(|minimum| *minimum > i64::MIN).map(|minimum| minimum as f64))
            .build()
            .into(),
        Shape::Boolean => object.schema_type(kind(Type::Boolean)).build().into(),
        Shape::Time => object
            .schema_type(kind(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .build()
            .into(),
        Shape::Id => {
            object.schema_type(kind(Type::String)).format(Some(SchemaFormat::Custom("uuid".into()))).build().into()
        }
        Shape::Choice(words) => {
            object.schema_type(kind(Type::String)).enum_values(Some(words.iter().copied())).build().into()
        }
        Shape::Object => object.schema_type(kind(Type::Object)).build().into(),
        Shape::List => ArrayBuilder::new()
            .schema_type(kind(Type::Array))
            .description(Some(about.trim()))
            .items(ObjectBuilder::new().schema_type(SchemaType::AnyValue))
            .build()
            .into(),
    }
}
