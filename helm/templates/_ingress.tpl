{{/* Whose Gateway: Istio brings its own class, the others need one named. */}}
{{- define "ingress.class" -}}
{{- if include "mesh.istio" . -}}istio{{- end -}}
{{- end -}}
