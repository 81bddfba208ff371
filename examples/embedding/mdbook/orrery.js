// mdBook writes plain script tags; a module is loaded by import().
import("https://example.org/orrery/orrery-exhibit.js");
