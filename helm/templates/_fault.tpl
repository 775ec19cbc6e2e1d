{{/* "fault" where failures are injected into an rpc; takes root and method. Streams only when named. */}}
{{- define "fault.applies" -}}
{{- with .root.Values.fault -}}
{{- if .enabled -}}
{{- if has $.method.key .methods -}}fault
{{- else if and (empty .methods) (eq $.method.streaming "none") -}}fault
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of an Istio route. */}}
{{- define "fault.istio" -}}
{{- with .Values.fault }}
{{- if gt (float64 .delayPercent) 0.0 }}
delay:
  percentage: {value: {{ .delayPercent }}}
  fixedDelay: {{ .delay }}
{{- end }}
{{- if gt (float64 .abortPercent) 0.0 }}
abort:
  percentage: {value: {{ .abortPercent }}}
  grpcStatus: {{ .abortStatus }}
{{- end }}
{{- end }}
{{- end -}}
