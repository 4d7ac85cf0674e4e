"use strict";
// A key that is typed in stays in this page: it is gone when the page is closed.
SwaggerUIBundle({
  url: "api/v1/openapi.json",
  dom_id: "#docs",
  docExpansion: "list",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
