//! Files: sent bare, and got back.

use serde_json::{Value, json};

use super::answers;
use super::operations::Operation;
use super::parameters::query;
use super::schemas::{object, reference};

const READ: &[u16] = &[400, 401, 403, 404, 503];
const WRITE: &[u16] = &[400, 401, 403, 404, 409, 412, 413, 422, 503];

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let build = "/products/{product_id}/builds/{build_id}/asset";
    let name = query("name", json!({ "type": "string", "maxLength": 255 }), "What the file is called.");
    let put_asset = Operation::write("builds", "putAsset", "Store the asset of a build", build).parameter(name);
    let remove = Operation::write("builds", "deleteAsset", "Remove the asset of a build", build);
    let screenshot = "/products/{product_id}/screenshots/{screenshot_id}";
    let (logo, image) = ("/products/{product_id}/logo", format!("{screenshot}/image"));
    let put_logo = Operation::write("logos", "putLogo", "Store the logo of a product", logo);
    let put_image = Operation::write("screenshots", "putImage", "Replace the picture of a screenshot", &image);
    let item = json!({
        "get": download("builds", "readAsset", "Download the asset of a build", build, "*/*"),
        "put": stored(put_asset, "Build"),
        "delete": remove.answers("200", answers::json("What it is now.", reference("Build"), &["ETag"]), &[WRITE]),
    });
    let package = "/packages/files/{digest}";
    let kind = json!({ "type": "string", "enum": ["asset", "image"] });
    let mut kind = query("kind", kind, "What it is for: the asset of a build, or a picture.");
    kind["required"] = true.into();
    let put_file = Operation::write("packages", "putFile", "Send a file for a package ahead of it", package);
    let file = object(
        "A file that was sent.",
        json!({
            "digest": { "type": "string" }, "size": { "type": "integer" }, "media_type": { "type": ["string", "null"] },
        }),
    );
    let put_file = put_file.parameter(kind.clone()).file();
    let put_file = put_file.answers("200", answers::json("What arrived.", file.clone(), &[]), &[WRITE]);
    let package_file =
        json!({ "head": place(package, kind.clone()), "put": put_file, "patch": part(package, kind, file) });
    vec![
        (package.to_owned(), package_file),
        (build.to_owned(), item),
        (
            logo.to_owned(),
            json!({
                "get": download("logos", "readLogoImage", "The logo of a product, as it was sent", logo, "image/*"),
                "put": stored(put_logo, "Logo"),
            }),
        ),
        sized_logo(),
        (
            image.clone(),
            json!({
                "get": download("screenshots", "readImage", "A screenshot, as it was sent", &image, "image/*"),
                "put": stored(put_image, "Screenshot"),
            }),
        ),
        sized("screenshots", "readSizedScreenshot", "A screenshot, as PNG", &format!("{screenshot}/{{size}}")),
    ]
}

/// Headers that tell how far a file has come.
const PLACE: &[&str] = &["Upload-Offset", "Upload-Complete"];

fn place(path: &str, kind: Value) -> Value {
    let summary = "How far a file for a package has come";
    let answer = answers::empty("How many of its bytes are kept.", PLACE);
    Operation::write("packages", "placeFile", summary, path).parameter(kind).answers("204", answer, &[READ])
}

fn part(path: &str, kind: Value, file: Value) -> Value {
    let media_type = json!({ "type": "string", "maxLength": 255 });
    let media_type = query("media_type", media_type, "What the whole file is; said with its last part.");
    let summary = "Send a part of a file for a package, of at most 8 MiB, from where the file stands";
    let operation = Operation::write("packages", "appendToFile", summary, path).parameter(kind).parameter(media_type);
    let operation = operation.header("UploadOffset").header("UploadComplete").bytes("application/partial-upload");
    let whole = answers::json("What arrived, now that it is whole.", file, PLACE);
    let mut operation = operation.answers("200", whole, &[WRITE, &[415]]);
    operation["responses"]["204"] = answers::empty("The part is kept, and more must follow.", PLACE);
    operation["responses"]["409"] = answers::problem_with("409", PLACE);
    operation
}

fn stored(operation: Operation, schema: &str) -> Value {
    operation.file().answers("200", answers::json("What it is now.", reference(schema), &["ETag"]), &[WRITE])
}

/// A file whole, or with `Range` a part of it.
fn download(tag: &str, id: &str, summary: &str, path: &str, media_type: &str) -> Value {
    let mut operation =
        Operation::read(tag, id, summary, path).answers_known(answers::file("The file.", media_type), &[READ, &[416]]);
    operation["responses"]["206"] = answers::file("The part of the file that Range asks for.", media_type);
    operation
}

fn sized(tag: &str, id: &str, summary: &str, path: &str) -> (String, Value) {
    let picture = answers::file("The picture, fitted into 100, 200 or 400 pixels.", "image/png");
    (path.to_owned(), json!({ "get": Operation::read(tag, id, summary, path).answers_known(picture, &[READ]) }))
}

/// For those who take drawings, one stands in for a logo that is not there.
fn sized_logo() -> (String, Value) {
    let summary = "The logo of a product as PNG; without one a neutral picture, or a drawing for those whose Accept names image/svg+xml";
    let (path, mut item) = sized("logos", "readSizedLogo", summary, "/products/{product_id}/logo/{size}");
    item["get"]["responses"]["200"]["content"]["image/svg+xml"] = json!({});
    (path, item)
}
