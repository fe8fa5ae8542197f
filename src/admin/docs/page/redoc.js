/* Runs in the browser: ReDoc over this gateway's own document. */
withDocument((spec) => {
  Redoc.init(spec, { hideDownloadButton: true, expandResponses: '200', scrollYOffset: 44 }, document.querySelector('#docs'));
});
