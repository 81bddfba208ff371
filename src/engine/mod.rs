//! Tensors and graphs: knows no paper, no JSON, no browser.
