//! Shows the page where `index.html` has room for it.

fn main() {
    if let Some(place) = page::browser::element("page") {
        // What is said until then.
        place.set_inner_html("");
        yew::Renderer::<page::app::App>::with_root(place).render();
    }
}
