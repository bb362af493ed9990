// GraphiQL against this city. Paste an access token into the headers tab: {"Authorization": "Bearer …"}.
const fetcher = GraphiQL.createFetcher({ url: "/graphql" });
const welcome = `# CityTong. Try:
query Air {
  districts {
    name
    airQuality { aqi categoryLabel synthetic }
  }
}
`;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: welcome, headerEditorEnabled: true }),
);
