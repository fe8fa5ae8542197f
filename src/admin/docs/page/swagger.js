/* Runs in the browser: Swagger UI over this gateway's own document. */
withDocument((spec, key) => {
  const ui = SwaggerUIBundle({
    spec,
    dom_id: '#docs',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    // The default sends the document to a validator on the internet.
    validatorUrl: null,
    onComplete() {
      if (key !== '') ui.preauthorizeApiKey('bearer', key);
    },
  });
});
